/** Below this a sample counts as silence (about -56 dBFS). */
const SILENCE_PEAK = 50;
const KEPT_MS = 15;

/** Cuts silence at the beginning down to a breath, so that the caller hears the first word sooner. */
export function trimLead(samples: Int16Array, sampleRateHz: number): Int16Array {
  const first = samples.findIndex((sample) => Math.abs(sample) > SILENCE_PEAK);
  if (first < 0) return samples;
  return samples.slice(Math.max(0, first - Math.round((KEPT_MS * sampleRateHz) / 1000)));
}
