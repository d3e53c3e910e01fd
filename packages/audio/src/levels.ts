const FULL_SCALE = 32_768;

/** What `toDb` says of digital silence: finite, so that it survives JSON and averages. */
export const SILENCE_DB = -120;

/** Root mean square of 16-bit samples, 0 to 32768; 0 for no samples. */
export function rms(samples: Int16Array): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    sum += sample * sample;
  }
  return Math.sqrt(sum / samples.length);
}

/** Largest absolute value, 0 to 32768. */
export function peak(samples: Int16Array): number {
  let largest = 0;
  for (let i = 0; i < samples.length; i++) {
    const size = Math.abs(samples[i]!);
    if (size > largest) largest = size;
  }
  return largest;
}

/** Decibels below full scale (0 is a level of 32768) of an `rms` or `peak`; never below `SILENCE_DB`. */
export function toDb(level: number): number {
  if (!(level > 0)) return SILENCE_DB;
  return Math.max(SILENCE_DB, 20 * Math.log10(level / FULL_SCALE));
}

/**
 * Multiplies by `gain` (1 leaves as it is), saturating at 16 bits. Writes to `out` (which may be `samples` itself)
 * or to a new array, and returns it. Throws RangeError when `out` is shorter than `samples`.
 */
export function applyGain(samples: Int16Array, gain: number, out = new Int16Array(samples.length)): Int16Array {
  if (out.length < samples.length) {
    throw new RangeError(`applyGain: out holds ${out.length} samples, ${samples.length} are needed`);
  }
  for (let i = 0; i < samples.length; i++) {
    const scaled = Math.round(samples[i]! * gain);
    out[i] = Math.max(-32_768, Math.min(32_767, scaled));
  }
  return out;
}
