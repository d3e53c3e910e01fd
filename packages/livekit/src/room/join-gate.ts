import { ParleyError } from "@parley/engine";

/**
 * Lets a few joins happen at a time. Many joins at once in one process slow each other down far more than they would
 * one after the other (twenty at once on two cores: half need ten seconds; two at a time: four).
 */
export class JoinGate {
  readonly #limit: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `join` when there is room, in the order of asking. Throws ParleyError `join-cancelled` when aborted before. */
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
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        const index = this.#waiting.indexOf(enter);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(
          new ParleyError("The join was cancelled while it waited for its turn.", {
            code: "join-cancelled",
            category: "cancelled",
          }),
        );
      };
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(enter);
    });
  }
}

/** The gate of this process. */
export const processJoinGate = new JoinGate(2);
