import { rms, toDb } from "@parley/audio";

const RATE_HZ = 16_000;
const STEP_MS = 10;
const STEP = (RATE_HZ * STEP_MS) / 1000;
/** Quieter is silence, also when the agent has lowered its voice by 18 dB; codecs make less of it. */
const SILENT_DB = -55;
/** What is held against the original: the last of the recording before a lowered voice and the end. */
const ANCHOR_MS = 1_800;
const TAIL_MS = 1_000;

/** How much of the original a recording of its beginning holds, in ms of the original, and how sure that is (to 1). */
export function playedOf(original: Int16Array, recording: Int16Array): { playedMs: number; likeness: number } {
  const heard = loudness(recording);
  const end = heard.findLastIndex((db) => db > SILENT_DB) + 1;
  const from = Math.max(0, end - (ANCHOR_MS + TAIL_MS) / STEP_MS);
  const anchor = heard.slice(from, end - TAIL_MS / STEP_MS);
  const whole = loudness(original);
  let best = { at: 0, likeness: -1 };
  for (let at = 0; at + anchor.length <= whole.length; at++) {
    const likeness = correlation(anchor, whole.slice(at, at + anchor.length));
    if (likeness > best.likeness) best = { at, likeness };
  }
  return { playedMs: (best.at + end - from) * STEP_MS, likeness: best.likeness };
}

/** Where the last sound ends, ms: what is silent at the end is heard by nobody. */
export function soundEndsMs(samples: Int16Array): number {
  return (loudness(samples).findLastIndex((db) => db > SILENT_DB) + 1) * STEP_MS;
}

/** dB of full scale, one value for each 10 ms; silence is all the same. */
function loudness(samples: Int16Array): number[] {
  const steps = Math.floor(samples.length / STEP);
  return Array.from({ length: steps }, (_, i) =>
    Math.max(SILENT_DB, toDb(rms(samples.subarray(i * STEP, (i + 1) * STEP)))),
  );
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
