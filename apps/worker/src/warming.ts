import type { Clock } from "@parley/engine";

/** A caller waits meanwhile, and another worker may be idle. */
const WAIT_MS = 1_000;

/**
 * A worker registers when its agent is known, while models are still loaded: LiveKit takes 200 ms to bring the first job.
 * What is offered before a shard is ready waits for it, for a moment.
 */
export interface Warming {
  /** A shard is ready. */
  readonly isOver: boolean;
  /** What is offered now may wait. */
  readonly mayWait: boolean;
  /** Resolves when a shard is ready, or when the moment is over. */
  wait(): Promise<void>;
  /** The agent is known; the moment begins. */
  begin(): void;
  over(): void;
  close(): void;
}

export function createWarming(clock: Clock, onTooLong: () => void): Warming {
  const waited = Promise.withResolvers<void>();
  let state: "unknown" | "waiting" | "too-long" | "over" = "unknown";
  let stop = (): void => {};
  return {
    get isOver() {
      return state === "over";
    },
    get mayWait() {
      return state === "waiting";
    },
    wait: () => waited.promise,
    begin() {
      if (state !== "unknown") return;
      state = "waiting";
      stop = clock.after(WAIT_MS, () => {
        state = "too-long";
        onTooLong();
        waited.resolve();
      });
    },
    over() {
      stop();
      state = "over";
      waited.resolve();
    },
    close() {
      stop();
      waited.resolve();
    },
  };
}
