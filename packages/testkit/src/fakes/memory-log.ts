import type { Fact } from "@parley/conversation";
import { type CallLog, ParleyError } from "@parley/engine";

export interface MemoryLogOptions {
  /** A batch that would pass this many facts is refused with `log-full`. Default: no limit. */
  maxFacts?: number;
  /** Asked before each append: true makes it fail with `log-write-failed`. */
  fails?: (facts: readonly Fact[]) => boolean;
}

export interface MemoryLog extends CallLog {
  /** What was appended, as a file would give it back. */
  readonly facts: readonly Fact[];
  readonly closed: boolean;
}

/** A CallLog in memory. Facts go through JSON, as they would in a file: what does not survive that shows here. */
export function memoryLog(options: MemoryLogOptions = {}): MemoryLog {
  const { maxFacts = Number.POSITIVE_INFINITY, fails = () => false } = options;
  const facts: Fact[] = [];
  let closed = false;
  return {
    facts,
    get closed() {
      return closed;
    },
    append(batch) {
      if (closed) {
        throw new ParleyError("The log is closed: nothing may be appended after close().", {
          code: "log-closed",
          category: "internal",
        });
      }
      if (facts.length + batch.length > maxFacts) {
        throw new ParleyError(`The log is full: it takes ${maxFacts} facts.`, {
          code: "log-full",
          category: "internal",
        });
      }
      if (fails(batch)) {
        throw new ParleyError("The log could not be written (scripted).", {
          code: "log-write-failed",
          category: "internal",
          retryable: true,
        });
      }
      facts.push(...(JSON.parse(JSON.stringify(batch)) as Fact[]));
    },
    close() {
      closed = true;
    },
  };
}
