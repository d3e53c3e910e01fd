/** Digital silence. */
export function silence(ms: number, sampleRateHz = 16_000): Int16Array {
  return new Int16Array(Math.round((ms * sampleRateHz) / 1000));
}

/** White noise of `db` (rms, below full scale); the same samples for the same seed. */
export function noise(ms: number, sampleRateHz = 16_000, db = -40, seed = 1): Int16Array {
  const random = randomFrom(seed);
  // Even noise between -a and a has an rms of a / sqrt(3).
  const amplitude = 32_768 * 10 ** (db / 20) * Math.sqrt(3);
  const samples = silence(ms, sampleRateHz);
  for (let i = 0; i < samples.length; i++) samples[i] = saturated((random() * 2 - 1) * amplitude);
  return samples;
}

/** A sine of `db` (rms, below full scale). */
export function tone(ms: number, sampleRateHz = 16_000, hz = 440, db = -20): Int16Array {
  const amplitude = 32_768 * 10 ** (db / 20) * Math.SQRT2;
  const samples = silence(ms, sampleRateHz);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = saturated(amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRateHz));
  }
  return samples;
}

/** Sounds on top of each other, as long as the longest, saturating. */
export function mix(...sounds: readonly Int16Array[]): Int16Array {
  const mixed = new Int16Array(Math.max(0, ...sounds.map((sound) => sound.length)));
  for (let i = 0; i < mixed.length; i++) {
    let sum = 0;
    for (const sound of sounds) sum += sound[i] ?? 0;
    mixed[i] = saturated(sum);
  }
  return mixed;
}

/** Numbers from 0 to 1 that repeat with their seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function saturated(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}
