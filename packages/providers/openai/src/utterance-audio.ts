const FIRST_SECONDS = 4;

/**
 * The sound of one utterance, kept until it is sent. Grows by doubling up to its bound; beyond it the oldest sound
 * gives way, for what was said last is what is answered.
 */
export class UtteranceAudio {
  readonly #capacity: number;
  #samples: Int16Array;
  #written = 0;

  constructor(sampleRateHz: number, longestMs: number) {
    this.#capacity = Math.ceil((sampleRateHz * longestMs) / 1000);
    this.#samples = new Int16Array(Math.min(this.#capacity, sampleRateHz * FIRST_SECONDS));
  }

  /** How many samples are kept. */
  get length(): number {
    return Math.min(this.#written, this.#capacity);
  }

  /** Copies `frame`. */
  write(frame: Int16Array): void {
    const kept = frame.length > this.#capacity ? frame.subarray(frame.length - this.#capacity) : frame;
    this.#grow(this.#written + kept.length);
    const at = this.#written % this.#capacity;
    const head = kept.subarray(0, this.#capacity - at);
    this.#samples.set(head, at);
    this.#samples.set(kept.subarray(head.length), 0);
    this.#written += kept.length;
  }

  /** In order, oldest first; valid until the next write. */
  read(): Int16Array {
    if (this.#written <= this.#capacity) return this.#samples.subarray(0, this.#written);
    const oldest = this.#written % this.#capacity;
    const ordered = new Int16Array(this.#capacity);
    ordered.set(this.#samples.subarray(oldest), 0);
    ordered.set(this.#samples.subarray(0, oldest), this.#capacity - oldest);
    return ordered;
  }

  clear(): void {
    this.#samples = new Int16Array(0);
    this.#written = 0;
  }

  #grow(needed: number): void {
    if (needed <= this.#samples.length || this.#samples.length === this.#capacity) return;
    let size = Math.max(1, this.#samples.length);
    while (size < needed) size *= 2;
    const larger = new Int16Array(Math.min(size, this.#capacity));
    larger.set(this.#samples);
    this.#samples = larger;
  }
}
