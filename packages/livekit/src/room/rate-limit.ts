import type { Clock } from "@parley/engine";

/** A bucket of tokens: `burst` at once, then one every `everyMs`. */
export class RateLimit {
  readonly #burst: number;
  readonly #everyMs: number;
  readonly #clock: Clock;
  #left: number;
  #at: number;

  constructor(options: { burst: number; everyMs: number; clock: Clock }) {
    this.#burst = options.burst;
    this.#everyMs = options.everyMs;
    this.#clock = options.clock;
    this.#left = options.burst;
    this.#at = options.clock.now();
  }

  /** False: too often. */
  take(): boolean {
    const now = this.#clock.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) / this.#everyMs);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
