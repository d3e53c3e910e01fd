/**
 * Cuts sound of any chunk length into frames of one length. Keeps less than a frame, allocates nothing after
 * construction.
 */
export class Framer {
  /** A buffer of its own, not a view of a larger one: native audio frames ignore byteOffset. */
  readonly #frame: Int16Array;
  #filled = 0;

  /** Throws RangeError unless `frameSamples` is a whole number above zero. */
  constructor(frameSamples: number) {
    if (!Number.isInteger(frameSamples) || frameSamples < 1) {
      throw new RangeError(`Framer: frameSamples must be a whole number above zero, not ${frameSamples}`);
    }
    this.#frame = new Int16Array(frameSamples);
  }

  /** `onFrame` is called once per whole frame; `frame` is valid during that call only. */
  push(samples: Int16Array, onFrame: (frame: Int16Array) => void): void {
    const frame = this.#frame;
    // Already a frame, in a buffer of its own.
    if (this.#filled === 0 && samples.length === frame.length && samples.buffer.byteLength === samples.byteLength) {
      onFrame(samples);
      return;
    }
    let at = 0;
    while (at < samples.length) {
      const take = Math.min(frame.length - this.#filled, samples.length - at);
      const whole = at === 0 && take === samples.length ? samples : samples.subarray(at, at + take);
      frame.set(whole, this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled === frame.length) {
        this.#filled = 0;
        onFrame(frame);
      }
    }
  }

  /** Hands out what is left, filled up with silence; nothing when nothing is left. */
  flush(onFrame: (frame: Int16Array) => void): void {
    if (this.#filled === 0) return;
    this.#frame.fill(0, this.#filled);
    this.#filled = 0;
    onFrame(this.#frame);
  }
}
