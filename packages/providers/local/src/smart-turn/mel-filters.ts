const MELS = 80;
const BINS = 201;
const TOP_HZ = 8_000;

/** The bins that one mel band takes in, with their weights. */
interface MelFilter {
  from: number;
  weights: Float64Array;
}

/** Slaney's mel scale: linear up to 1 kHz, logarithmic above. */
const KNEE_HZ = 1_000;
const KNEE_MEL = 15;
const STEP = Math.log(6.4) / 27;

function toMel(hz: number): number {
  return hz < KNEE_HZ ? (3 * hz) / 200 : KNEE_MEL + Math.log(hz / KNEE_HZ) / STEP;
}

function toHz(mel: number): number {
  return mel < KNEE_MEL ? (200 * mel) / 3 : KNEE_HZ * Math.exp(STEP * (mel - KNEE_MEL));
}

/** Whisper's 80 triangles from 0 to 8 kHz, each of area one. */
export const melFilters: readonly MelFilter[] = Array.from({ length: MELS }, (_, mel) => {
  const edge = (i: number) => toHz((toMel(TOP_HZ) * i) / (MELS + 1));
  const [low, middle, high] = [edge(mel), edge(mel + 1), edge(mel + 2)] as const;
  const weights = Array.from({ length: BINS }, (_, bin) => {
    const hz = (TOP_HZ * bin) / (BINS - 1);
    const height = Math.min((hz - low) / (middle - low), (high - hz) / (high - middle));
    return (Math.max(0, height) * 2) / (high - low);
  });
  const from = weights.findIndex((weight) => weight > 0);
  const to = weights.findLastIndex((weight) => weight > 0);
  return { from, weights: Float64Array.from(weights.slice(from, to + 1)) };
});
