/** The newest `capacity` samples of a stream (a pre-roll, say). The oldest are dropped; it never grows. */
export class SampleRing {
  readonly capacity: number;
  readonly #samples: Int16Array;
  #next = 0;
  #length = 0;

  /** Throws RangeError unless `capacity` (samples) is a whole number above zero. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`SampleRing: capacity must be a whole number above zero, not ${capacity}`);
    }
    this.capacity = capacity;
    this.#samples = new Int16Array(capacity);
  }

  /** Samples held now, at most `capacity`. */
  get length(): number {
    return this.#length;
  }

  /** Copies `samples` in. */
  write(samples: Int16Array): void {
    const newest = samples.length > this.capacity ? samples.subarray(samples.length - this.capacity) : samples;
    const untilEnd = Math.min(newest.length, this.capacity - this.#next);
    if (untilEnd === newest.length) {
      this.#samples.set(newest, this.#next);
    } else {
      this.#samples.set(newest.subarray(0, untilEnd), this.#next);
      this.#samples.set(newest.subarray(untilEnd), 0);
    }
    this.#next = (this.#next + newest.length) % this.capacity;
    this.#length = Math.min(this.capacity, this.#length + newest.length);
  }

  /** A copy of the newest `n` samples in order, fewer when fewer are held. The ring keeps them. */
  takeLast(n: number): Int16Array {
    const count = Math.max(0, Math.min(Math.floor(n), this.#length));
    const taken = new Int16Array(count);
    const start = (this.#next - count + this.capacity) % this.capacity;
    const untilEnd = Math.min(count, this.capacity - start);
    taken.set(this.#samples.subarray(start, start + untilEnd), 0);
    taken.set(this.#samples.subarray(0, count - untilEnd), untilEnd);
    return taken;
  }

  clear(): void {
    this.#next = 0;
    this.#length = 0;
  }
}
