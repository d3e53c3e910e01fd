import { setImmediate as nextTurn } from "node:timers/promises";
import { Fourier400, SIZE } from "./fourier.ts";
import { melFilters } from "./mel-filters.ts";

/** What the model sees: the last 8 s. */
export const SOUND_SAMPLES = 128_000;
export const FRAMES = 800;
export const MELS = melFilters.length;
const HOP = 160;
const BINS = SIZE / 2 + 1;
/** So that silence can be divided by its spread. */
const EPSILON = 1e-7;
const FLOOR = 1e-10;
/** Frames that are made in one go, about 2 ms: calls wait meanwhile. */
const AT_ONCE = 40;

const hann = Float64Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE));

/**
 * Whisper's log-mel features of the last 8 s (80 bands x 800 frames of 10 ms), as smart-turn v3 takes them: padded at
 * its beginning, brought to mean 0 and variance 1, Hann windows of 25 ms, Slaney's mel bands, eight decades below the
 * loudest. Gives the event loop its turn in between; null when `isOver` says so there.
 */
export async function logMel(samples: Int16Array, isOver: () => boolean): Promise<Float32Array | null> {
  const sound = normalised(samples);
  const features = new Float32Array(MELS * FRAMES);
  const fourier = new Fourier400();
  // Frames that lie wholly in the padding are like the third one (the first two reach over the edge, and are mirrored).
  const alike = Math.floor((SOUND_SAMPLES - samples.length - SIZE / 2) / HOP / 2) * 2;
  let loudest = Number.NEGATIVE_INFINITY;
  let made = 0;
  for (let frame = 0; frame < FRAMES; frame += 2) {
    if (frame >= 4 && frame + 2 < alike) {
      copyFrame(features, 2, frame);
      copyFrame(features, 2, frame + 1);
      continue;
    }
    loudest = Math.max(loudest, spectrum(sound, frame, features, fourier));
    made += 2;
    if (made % AT_ONCE > 0) continue;
    await nextTurn();
    if (isOver()) return null;
  }
  for (let i = 0; i < features.length; i++) features[i] = (Math.max(features[i]!, loudest - 8) + 4) / 4;
  return features;
}

function normalised(samples: Int16Array): Float32Array {
  const sound = new Float32Array(SOUND_SAMPLES);
  const last = samples.length > SOUND_SAMPLES ? samples.subarray(samples.length - SOUND_SAMPLES) : samples;
  const from = SOUND_SAMPLES - last.length;
  for (let i = 0; i < last.length; i++) sound[from + i] = last[i]! / 32_768;
  let sum = 0;
  for (let i = 0; i < SOUND_SAMPLES; i++) sum += sound[i]!;
  const mean = sum / SOUND_SAMPLES;
  let squares = 0;
  for (let i = 0; i < SOUND_SAMPLES; i++) squares += (sound[i]! - mean) ** 2;
  const spread = Math.sqrt(squares / SOUND_SAMPLES + EPSILON);
  for (let i = 0; i < SOUND_SAMPLES; i++) sound[i] = (sound[i]! - mean) / spread;
  return sound;
}

/** Two frames by one transform, as its real and its imaginary part; gives the louder of the two. */
function spectrum(sound: Float32Array, frame: number, features: Float32Array, fourier: Fourier400): number {
  const { re, im } = fourier;
  const start = frame * HOP - SIZE / 2;
  for (let i = 0; i < SIZE; i++) {
    re[i] = hann[i]! * sound[mirrored(start + i)]!;
    im[i] = hann[i]! * sound[mirrored(start + HOP + i)]!;
  }
  fourier.run();
  for (let bin = 0; bin < BINS; bin++) {
    const other = (SIZE - bin) % SIZE;
    const a = re[bin]!;
    const b = im[bin]!;
    const c = re[other]!;
    const d = im[other]!;
    powers[bin] = ((a + c) ** 2 + (b - d) ** 2) / 4;
    powers[BINS + bin] = ((b + d) ** 2 + (c - a) ** 2) / 4;
  }
  return Math.max(bands(features, frame, 0), bands(features, frame + 1, BINS));
}

/** Of both frames, one after the other; nothing waits between filling and reading them. */
const powers = new Float64Array(BINS * 2);

function bands(features: Float32Array, frame: number, offset: number): number {
  let loudest = Number.NEGATIVE_INFINITY;
  for (let mel = 0; mel < MELS; mel++) {
    const { from, weights } = melFilters[mel]!;
    let energy = 0;
    for (let i = 0; i < weights.length; i++) energy += weights[i]! * powers[offset + from + i]!;
    const level = Math.log10(Math.max(FLOOR, energy));
    features[mel * FRAMES + frame] = level;
    loudest = Math.max(loudest, level);
  }
  return loudest;
}

function mirrored(index: number): number {
  if (index < 0) return -index;
  return index < SOUND_SAMPLES ? index : 2 * (SOUND_SAMPLES - 1) - index;
}

function copyFrame(features: Float32Array, from: number, to: number): void {
  for (let mel = 0; mel < MELS; mel++) features[mel * FRAMES + to] = features[mel * FRAMES + from]!;
}
