import { type Clock, ParleyError, systemClock } from "@parley/engine";

export interface JoinGateBounds {
  /** Joins that may wait for their turn; one more is refused at once. */
  maxWaiting: number;
  /** How long one may wait for its turn; joining itself has a time-out of its own. */
  maxWaitMs: number;
  clock: Clock;
}

/**
 * Far beyond what a process runs: new calls are refused long before (apps/worker's admission), so that only the calls of
 * a dead process, which all come back at once, may wait so long.
 */
const DEFAULT_BOUNDS: JoinGateBounds = { maxWaiting: 256, maxWaitMs: 60_000, clock: systemClock };

/**
 * Lets a few joins happen at a time: a join mostly waits for the network, and many at once slow each other down
 * (docs/decisions/015).
 */
export class JoinGate {
  readonly #limit: number;
  readonly #bounds: JoinGateBounds;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number, bounds: Partial<JoinGateBounds> = {}) {
    this.#limit = limit;
    this.#bounds = { ...DEFAULT_BOUNDS, ...bounds };
  }

  /**
   * Runs `join` when there is room, in the order of asking. Throws ParleyError `join-cancelled` when aborted before,
   * `join-queue-full` when too many wait, `join-queue-timeout` when it was not its turn in time.
   */
  async run<T>(signal: AbortSignal, join: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#limit) await this.#turn(signal);
    else this.#inside++;
    try {
      return await join();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside--;
    }
  }

  /** The place is handed over: the count of those inside stays as it is. */
  #turn(signal: AbortSignal): Promise<void> {
    const { maxWaiting, maxWaitMs, clock } = this.#bounds;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(cancelled());
      if (this.#waiting.length >= maxWaiting) return reject(full(maxWaiting));
      const over = () => {
        stopWaiting();
        signal.removeEventListener("abort", leave);
      };
      const enter = () => {
        over();
        resolve();
      };
      const giveUp = (why: ParleyError) => {
        over();
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(why);
      };
      const leave = () => giveUp(cancelled());
      const stopWaiting = clock.after(maxWaitMs, () => giveUp(tooLong(maxWaitMs)));
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(enter);
    });
  }
}

function cancelled(): ParleyError {
  const message = "The join was cancelled while it waited for its turn.";
  return new ParleyError(message, { code: "join-cancelled", category: "cancelled" });
}

function full(maxWaiting: number): ParleyError {
  const message = `${maxWaiting} joins wait for their turn in this process already. More workers, or a cap (MAX_CONCURRENT_JOBS), would help.`;
  return new ParleyError(message, { code: "join-queue-full", category: "refused", retryable: true });
}

function tooLong(maxWaitMs: number): ParleyError {
  const message = `The join was not in turn within ${maxWaitMs} ms: those before it take too long. Is LiveKit overloaded?`;
  return new ParleyError(message, { code: "join-queue-timeout", category: "timeout", retryable: true });
}

const AT_ONCE = 6;

/** The gate of this process. */
export const processJoinGate = new JoinGate(AT_ONCE);
