import { type PolyphaseFilter, polyphaseFilter } from "./filter.ts";

/** Input is filtered in blocks of at most this many samples, so the work buffer never grows. */
const BLOCK_SAMPLES = 2048;

/**
 * Changes the rate of a stream of 16-bit mono sound (polyphase windowed sinc, 75 dB stop band, saturating).
 * Any chunk length gives the same samples as one long chunk, in step with the input: output sample k is the sound at
 * k/toHz, and `push`es plus `flush` give exactly ceil(inputSamples * toHz / fromHz) samples. Allocates its output only.
 */
export class Resampler {
  readonly fromHz: number;
  readonly toHz: number;
  /** How far output lags behind input: the sound it must still hear before it can give out a sample. */
  readonly delayMs: number;

  readonly #up: number;
  readonly #down: number;
  readonly #filter: PolyphaseFilter | null;
  /** Input not yet done with; its first sample is the first one under the next output's filter. */
  readonly #pending: Float64Array;
  #filled = 0;
  /** Where between two input samples the next output lies, in 1/up. */
  #phase = 0;

  /** Rates in Hz. Throws RangeError for rates that are not whole numbers above zero, or of too odd a ratio. */
  constructor(fromHz: number, toHz: number) {
    for (const rate of [fromHz, toHz]) {
      if (!Number.isInteger(rate) || rate < 1) {
        throw new RangeError(`Resampler: a sample rate must be a whole number of Hz above zero, not ${rate}`);
      }
    }
    this.fromHz = fromHz;
    this.toHz = toHz;
    const common = gcd(fromHz, toHz);
    this.#up = toHz / common;
    this.#down = fromHz / common;
    this.#filter = fromHz === toHz ? null : polyphaseFilter(this.#up, this.#down);
    const taps = this.#filter?.taps ?? 0;
    this.delayMs = (taps / 2 / fromHz) * 1000;
    this.#pending = new Float64Array(this.#filter ? BLOCK_SAMPLES + taps : 0);
    this.#reset();
  }

  /** The output that `frame` makes possible; may be empty. The result is the caller's own, `frame` is not kept. */
  push(frame: Int16Array): Int16Array {
    return this.#filter ? this.#run(this.#filter, frame, frame.length) : frame.slice();
  }

  /** The rest of the stream, as if silence followed; the resampler is then as new. */
  flush(): Int16Array {
    if (!this.#filter) return new Int16Array(0);
    const rest = this.#run(this.#filter, null, this.#filter.taps / 2);
    this.#reset();
    return rest;
  }

  #reset(): void {
    this.#phase = 0;
    // The silence before the stream: output 0 has input 0 in the middle of its filter.
    this.#filled = this.#filter ? this.#filter.taps / 2 - 1 : 0;
    this.#pending.fill(0);
  }

  /** `frame` null means silence. */
  #run(filter: PolyphaseFilter, frame: Int16Array | null, inputSamples: number): Int16Array {
    const { taps } = filter;
    const pending = this.#pending;
    const positions = Math.max(0, this.#filled + inputSamples - taps + 1);
    const out = new Int16Array(Math.max(0, Math.ceil((positions * this.#up - this.#phase) / this.#down)));
    let written = 0;
    for (let at = 0; at < inputSamples; at += BLOCK_SAMPLES) {
      const end = Math.min(inputSamples, at + BLOCK_SAMPLES);
      let filled = this.#filled;
      if (frame) for (let i = at; i < end; i++) pending[filled++] = frame[i]!;
      else for (let i = at; i < end; i++) pending[filled++] = 0;
      this.#filled = filled;
      written = this.#filterPending(filter, out, written);
    }
    return out;
  }

  #filterPending({ taps, coefficients }: PolyphaseFilter, out: Int16Array, written: number): number {
    const pending = this.#pending;
    const up = this.#up;
    const wholeStep = Math.floor(this.#down / up);
    const phaseStep = this.#down % up;
    const lastStart = this.#filled - taps;
    let phase = this.#phase;
    let start = 0;
    while (start <= lastStart) {
      const offset = phase * taps - start;
      // Four sums side by side: one alone would wait for each addition.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let i = start; i < start + taps; i += 4) {
        a += pending[i]! * coefficients[offset + i]!;
        b += pending[i + 1]! * coefficients[offset + i + 1]!;
        c += pending[i + 2]! * coefficients[offset + i + 2]!;
        d += pending[i + 3]! * coefficients[offset + i + 3]!;
      }
      const value = Math.round(a + b + (c + d));
      out[written++] = Math.max(-32_768, Math.min(32_767, value));
      start += wholeStep;
      phase += phaseStep;
      if (phase >= up) {
        phase -= up;
        start++;
      }
    }
    pending.copyWithin(0, start, this.#filled);
    this.#filled -= start;
    this.#phase = phase;
    return written;
  }
}

/** A whole recording at another rate: ceil(samples.length * toHz / fromHz) samples of new memory. */
export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  const resampler = new Resampler(fromHz, toHz);
  const body = resampler.push(samples);
  const tail = resampler.flush();
  const all = new Int16Array(body.length + tail.length);
  all.set(body);
  all.set(tail, body.length);
  return all;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
