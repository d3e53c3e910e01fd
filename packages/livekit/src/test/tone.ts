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
