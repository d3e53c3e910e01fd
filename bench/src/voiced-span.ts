import { rms } from "@parley/audio";

const STEP_MS = 5;

/** Begin and end of the first and the last window above a level (RMS). */
export function voicedSpan(samples: Int16Array, sampleRateHz: number, level: number, windowMs: number) {
  const at = (ms: number) => (ms * sampleRateHz) / 1000;
  const isVoiced = (ms: number) => rms(samples.subarray(at(ms), at(ms + windowMs))) > level;
  const lastWindowMs = (samples.length / sampleRateHz) * 1000 - windowMs;
  let firstMs = 0;
  while (firstMs < lastWindowMs && !isVoiced(firstMs)) firstMs += STEP_MS;
  let lastMs = Math.floor(lastWindowMs / STEP_MS) * STEP_MS;
  while (lastMs > firstMs && !isVoiced(lastMs)) lastMs -= STEP_MS;
  return { firstMs, lastMs: lastMs + windowMs };
}
