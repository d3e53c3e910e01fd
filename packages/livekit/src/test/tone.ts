import { rms } from "@parley/audio";

/** A sine of this frequency. */
export function tone(frequencyHz: number, durationMs: number, rateHz: number, amplitude = 8000): Int16Array {
  const samples = new Int16Array(Math.round((durationMs * rateHz) / 1000));
  for (let i = 0; i < samples.length; i++) samples[i] = amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / rateHz);
  return samples;
}

/** How strong a frequency is in a sound, 0 to 1 of its energy (Goertzel's algorithm). */
export function strengthOf(frequencyHz: number, samples: Int16Array, rateHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / rateHz);
  let [previous, before, energy] = [0, 0, 0];
  for (const sample of samples) {
    const now = sample + coefficient * previous - before;
    before = previous;
    previous = now;
    energy += sample * sample;
  }
  const power = previous * previous + before * before - coefficient * previous * before;
  return energy === 0 ? 0 : (2 * power) / (energy * samples.length);
}

/**
 * How much of a sound is this tone: of its loud 20 ms frames, the part in which the frequency prevails. Gaps between
 * frames, as a busy machine makes them, do not count.
 */
export function shareOf(frequencyHz: number, samples: Int16Array, rateHz: number): number {
  const frameSamples = rateHz / 50;
  let [loud, mine] = [0, 0];
  for (let at = 0; at + frameSamples <= samples.length; at += frameSamples) {
    const frame = samples.subarray(at, at + frameSamples);
    if (rms(frame) < 500) continue;
    loud++;
    if (strengthOf(frequencyHz, frame, rateHz) > 0.7) mine++;
  }
  return loud === 0 ? 0 : mine / loud;
}

/** How long a sound is loud, counted in 20 ms frames of 16 kHz. */
export function loudMs(samples: Int16Array): number {
  let loud = 0;
  for (let at = 0; at + 320 <= samples.length; at += 320) if (rms(samples.subarray(at, at + 320)) >= 500) loud++;
  return loud * 20;
}
