import { RATE_HZ } from "../format.ts";

const SAMPLES_PER_MS = RATE_HZ / 1000;
/** What is written ahead of what is taken fits into it. */
const CAPACITY = 4 * RATE_HZ;

/** The next four seconds of one channel, by the call's time. */
export class Track {
  readonly #samples = new Int16Array(CAPACITY);
  /** The first sample that is still to be taken, from the call's beginning. */
  #from: number;

  constructor(fromMs: number) {
    this.#from = Math.round(fromMs * SAMPLES_PER_MS);
  }

  /** Adds to what sounds there already. What is past, or too far ahead, is left out. */
  add(atMs: number, samples: Int16Array): void {
    const first = Math.round(atMs * SAMPLES_PER_MS);
    const skipped = Math.max(0, this.#from - first);
    const end = Math.min(samples.length, this.#from + CAPACITY - first);
    for (let i = skipped; i < end; i++) {
      const place = (first + i) % CAPACITY;
      const sum = this.#samples[place]! + samples[i]!;
      this.#samples[place] = Math.max(-32768, Math.min(32767, sum));
    }
  }

  /** From there on nothing sounds. */
  clear(fromMs: number): void {
    const first = Math.max(this.#from, Math.round(fromMs * SAMPLES_PER_MS));
    for (let at = first; at < this.#from + CAPACITY; at++) this.#samples[at % CAPACITY] = 0;
  }

  /** The next samples, one channel of an interleaved frame. */
  take(frame: Int16Array, channel: number, channels: number): void {
    for (let i = channel; i < frame.length; i += channels) {
      const place = this.#from++ % CAPACITY;
      frame[i] = this.#samples[place]!;
      this.#samples[place] = 0;
    }
  }
}
