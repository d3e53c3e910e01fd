import type { Fact } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { CallLog, Clock } from "../ports/index.ts";

/** Facts that could not be written yet; beyond this the oldest are given up, loudly. */
const MAX_WAITING = 20_000;
/** So many facts go into one write when many have gathered. */
const MAX_PER_WRITE = 500;
/** A disk that refuses is asked again after this long, not with every fact. */
const RETRY_MS = 250;
/** A write that takes longer is slow: it holds up the call's sound. */
const SLOW_MS = 100;
/** A slow disk may hold up the call for a tenth of the time at most: so many times its last write it is left alone. */
const REST = 9;
const MAX_REST_MS = 10_000;
/** How long the end of a call waits for a disk that refuses. */
const MAX_END_MS = 5_000;

/**
 * Writes a call's facts before they are acted on. A disk that is full or slow does not end the call: facts are kept, in
 * order, and written when it goes again. What waits is lost if the process dies; that a tool is started is therefore
 * always tried to be written at once.
 */
export class LogWriter {
  readonly #log: CallLog;
  readonly #clock: Clock;
  /** Once for every spell of trouble, and for every fact that is given up. */
  readonly #onTrouble: (error: unknown) => void;
  #waiting: Fact[] = [];
  #rest: (() => void) | null = null;
  #trouble: "none" | "refuses" | "slow" = "none";

  constructor(log: CallLog, clock: Clock, onTrouble: (error: unknown) => void) {
    this.#log = log;
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  append(facts: readonly Fact[]): void {
    this.#waiting.push(...facts);
    if (this.#rest === null || facts.some((fact) => fact.type === "tool-started")) this.#write();
    if (this.#waiting.length <= MAX_WAITING) return;
    const lost = this.#waiting.splice(0, this.#waiting.length - MAX_WAITING);
    this.#onTrouble(lostFacts(lost.length));
  }

  /** Resolves when everything is written, or given up after a few seconds. Leaves no timer behind. */
  async end(): Promise<void> {
    this.#write();
    for (let leftMs = MAX_END_MS; this.#waiting.length > 0 && leftMs > 0; leftMs -= RETRY_MS) {
      this.#stopResting();
      await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
      this.#write();
    }
    this.#stopResting();
    if (this.#waiting.length > 0) this.#onTrouble(lostFacts(this.#waiting.length));
    this.#waiting = [];
  }

  #write(): void {
    this.#stopResting();
    const began = this.#clock.now();
    try {
      while (this.#waiting.length > 0) {
        const facts = this.#waiting.length > MAX_PER_WRITE ? this.#waiting.slice(0, MAX_PER_WRITE) : this.#waiting;
        this.#log.append(facts);
        this.#waiting = this.#waiting.slice(facts.length);
      }
    } catch (error) {
      this.#troubledBy("refuses", () => error);
      this.#restFor(RETRY_MS);
      return;
    }
    const tookMs = this.#clock.now() - began;
    if (tookMs <= SLOW_MS) {
      this.#trouble = "none";
      return;
    }
    this.#troubledBy("slow", () => slowDisk(tookMs));
    this.#restFor(Math.min(tookMs * REST, MAX_REST_MS));
  }

  #troubledBy(trouble: "refuses" | "slow", error: () => unknown): void {
    if (this.#trouble !== trouble) this.#onTrouble(error());
    this.#trouble = trouble;
  }

  #restFor(ms: number): void {
    this.#rest = this.#clock.after(ms, () => {
      this.#rest = null;
      if (this.#waiting.length > 0) this.#write();
    });
  }

  #stopResting(): void {
    this.#rest?.();
    this.#rest = null;
  }
}

function lostFacts(count: number): ParleyError {
  return new ParleyError(`${count} facts of a call could not be written and are given up`, {
    code: "log-facts-lost",
    category: "internal",
  });
}

function slowDisk(tookMs: number): ParleyError {
  return new ParleyError(`The call file took ${Math.round(tookMs)} ms to write; facts are gathered before the next`, {
    code: "log-slow",
    category: "internal",
    retryable: true,
  });
}
