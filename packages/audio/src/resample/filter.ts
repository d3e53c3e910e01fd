/** A windowed-sinc low-pass cut into one short filter per fractional position ("phase") of an output sample. */
export interface PolyphaseFilter {
  /** Input samples per output sample: even, a multiple of 4 so that the inner loop can be unrolled. */
  readonly taps: number;
  /** `phases` filters of `taps` coefficients, one after the other. */
  readonly coefficients: Float64Array;
}

/** Zero crossings of the sinc to each side: the transition is 2.3 kHz wide at 16 kHz, the delay 1 ms. */
const ZERO_CROSSINGS = 16;
/** Kaiser window: about 75 dB of stop band (Kaiser's beta = 0.1102 * (75 - 8.7)). */
const KAISER_BETA = 7.3;
/** Middle of the transition as a part of the lower Nyquist frequency. */
const CUTOFF = 0.92;
/** 8 MB of coefficients; every usual pair of rates needs far less. */
const MAX_COEFFICIENTS = 1_000_000;

const MAX_CACHED = 32;
const cache = new Map<string, PolyphaseFilter>();

/** The filter for `up`/`down` (coprime). Shared by all resamplers of the process. */
export function polyphaseFilter(up: number, down: number): PolyphaseFilter {
  const key = `${up}/${down}`;
  const known = cache.get(key);
  if (known) return known;
  const made = design(up, down);
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value!);
  cache.set(key, made);
  return made;
}

function design(up: number, down: number): PolyphaseFilter {
  const slower = Math.min(1, up / down);
  const half = Math.ceil(ZERO_CROSSINGS / slower / 2) * 2;
  const taps = half * 2;
  if (up * taps > MAX_COEFFICIENTS) {
    throw new RangeError(
      `Resampler: the ratio ${up}/${down} needs too large a filter; use common rates such as 8000, 16000, 22050, 24000, 44100 or 48000 Hz`,
    );
  }
  const coefficients = new Float64Array(up * taps);
  const band = CUTOFF * slower;
  for (let phase = 0; phase < up; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - (half - 1) - phase / up;
      const value = sinc(band * distance) * kaiser(distance / half);
      coefficients[phase * taps + tap] = value;
      sum += value;
    }
    // Every phase passes a constant unchanged: no hum from uneven phases.
    for (let tap = 0; tap < taps; tap++) coefficients[phase * taps + tap]! /= sum;
  }
  return { taps, coefficients };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Kaiser window, `x` from -1 to 1. */
function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order zero (power series). */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
