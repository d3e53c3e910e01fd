/** Frames come late and in heaps: that much is no news of when their sound was. */
const TOLERATED_MS = 60;
/** What is still so after that much sound, stays so. */
const SETTLED_MS = 500;

/**
 * Where in time the frames of one line lie. They are one stream, though each comes a little early or late; only what stays
 * late was a pause in the stream (a muted microphone, a lost track), and only what stays early was a beginning told late.
 */
export class Pace {
  readonly #farMs: number;
  #nextMs: number | null = null;
  /** Ahead of the call: frames are left out until it is not. */
  #isAhead = false;
  #leastLagMs = Number.POSITIVE_INFINITY;
  #mostLagMs = Number.NEGATIVE_INFINITY;
  #watchedMs = 0;

  /** What is later by more than `farMs` is another stretch of sound at once; what is earlier by more is left out. */
  constructor(farMs: number) {
    this.#farMs = farMs;
  }

  /** Where a frame of this length begins, which seemed to begin at `atMs`. Null: nowhere, it would lie over the last. */
  place(atMs: number, lengthMs: number): number | null {
    const lagMs = this.#nextMs === null ? Number.POSITIVE_INFINITY : atMs - this.#nextMs;
    this.#isAhead = lagMs < -this.#farMs || (this.#isAhead && lagMs < 0);
    if (this.#isAhead) return null;
    if (lagMs > this.#farMs) this.#goOnAt(atMs);
    else this.#watch(lagMs, lengthMs);
    const placedMs = this.#nextMs!;
    this.#nextMs = placedMs + lengthMs;
    return placedMs;
  }

  /** What comes now follows nothing. */
  restart(): void {
    this.#nextMs = null;
    this.#isAhead = false;
  }

  #goOnAt(nextMs: number): void {
    this.#nextMs = nextMs;
    this.#leastLagMs = Number.POSITIVE_INFINITY;
    this.#mostLagMs = Number.NEGATIVE_INFINITY;
    this.#watchedMs = 0;
  }

  #watch(lagMs: number, lengthMs: number): void {
    this.#leastLagMs = Math.min(this.#leastLagMs, lagMs);
    this.#mostLagMs = Math.max(this.#mostLagMs, lagMs);
    this.#watchedMs += lengthMs;
    if (this.#watchedMs < SETTLED_MS) return;
    const lateMs = this.#leastLagMs > TOLERATED_MS ? this.#leastLagMs : 0;
    this.#isAhead = this.#mostLagMs < -TOLERATED_MS;
    this.#goOnAt(this.#nextMs! + lateMs);
  }
}
