import { TONE_HZ, type Understood } from "../mock-ai/tones.ts";

const FEWEST_PERIODS = 3;
/** Between 440, 660 and 880 Hz there is far more. */
const MOST_OFF = 0.08;
const tones = Object.entries(TONE_HZ) as [Understood, number][];

/** Which of the agent's tones a frame holds; undefined: none of them, or too little of one. */
export function toneIn(frame: Int16Array, sampleRateHz: number): Understood | undefined {
  const hz = pitchHz(frame, sampleRateHz);
  return tones.find(([, toneHz]) => Math.abs(hz / toneHz - 1) < MOST_OFF)?.[0];
}

/** By its upward zero crossings; 0 without enough of them. */
function pitchHz(frame: Int16Array, sampleRateHz: number): number {
  let first = 0;
  let last = 0;
  let periods = -1;
  for (let i = 1; i < frame.length; i++) {
    const before = frame[i - 1]!;
    const after = frame[i]!;
    if (before >= 0 || after < 0) continue;
    last = i - after / (after - before);
    if (++periods === 0) first = last;
  }
  return periods < FEWEST_PERIODS ? 0 : (periods * sampleRateHz) / (last - first);
}
