import { applyGain, peak, resample, rms } from "@parley/audio";
import { type SpeechClipOptions, speechClip } from "@parley/testkit";

const RATE_HZ = 16_000;
const PEAK = 20_000;
/** Above most of speech, below what 16 kHz can carry. */
const TONES_HZ = Array.from({ length: 15 }, (_, i) => 3_900 + i * 230);
/** Some 17 dB below the speech, and below what counts as sound at a caller's ear. */
const TONE_AMPLITUDE = 350;
/** A silent stretch at either end of a clip is quieter than this. */
const SILENT_RMS = 100;
const STEP = RATE_HZ / 50;
const WINDOW = RATE_HZ / 25;
/** A tone that is there is this much stronger than one that is not. */
const CLEARLY = 3;

export interface MarkedSpeech {
  /** Any text spoken, with the mark of the text that it is or belongs to under it. 16 kHz unless told otherwise. */
  speak(text: string, options?: SpeechClipOptions): Promise<Int16Array>;
  /** The text whose mark is in the sound; empty when there is none. 16 kHz. */
  recognise(samples: Int16Array): string;
}

/**
 * Real speech that can be told apart without understanding it: under each of up to 105 texts lie two faint tones of its
 * own. They survive codecs, gaps and the stretching of a jitter buffer, so a text is known again from any piece of it.
 */
export function markedSpeech(texts: readonly string[]): MarkedSpeech {
  const marks = TONES_HZ.flatMap((low, i) => TONES_HZ.slice(i + 1).map((high) => [low, high] as const));
  const unique = [...new Set(texts)];
  if (unique.length > marks.length) throw new Error(`at most ${marks.length} texts can be marked`);
  return {
    async speak(text, options = {}) {
      const plain = await speechClip(text, { ...options, sampleRateHz: RATE_HZ });
      const samples = trimmed(applyGain(plain, PEAK / peak(plain)));
      // Voices are given texts sentence by sentence.
      const whole = unique.findIndex((known) => known.includes(text));
      for (const hz of marks[whole] ?? []) addTone(samples, hz);
      return resample(samples, RATE_HZ, options.sampleRateHz ?? RATE_HZ);
    },
    recognise(samples) {
      const windows = soundIn(samples);
      const [first, second, third] = TONES_HZ.map((hz) => ({ hz, power: powerAt(hz, windows) })).sort(
        (a, b) => b.power - a.power,
      );
      if (second!.power < CLEARLY * third!.power) return "";
      const [low, high] = [first!.hz, second!.hz].sort((a, b) => a - b);
      return unique[marks.findIndex((mark) => mark[0] === low && mark[1] === high)] ?? "";
    },
  };
}

/** Tones beside silence would be heard as a voice that never rests. */
function trimmed(samples: Int16Array): Int16Array {
  let from = 0;
  let to = samples.length;
  while (from < to && rms(samples.subarray(from, from + STEP)) < SILENT_RMS) from += STEP;
  while (to > from && rms(samples.subarray(to - STEP, to)) < SILENT_RMS) to -= STEP;
  return samples.slice(from, to);
}

function addTone(samples: Int16Array, hz: number): void {
  for (let i = 0; i < samples.length; i++) {
    samples[i] = samples[i]! + TONE_AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / RATE_HZ);
  }
}

/** The windows in which there is sound. */
function soundIn(samples: Int16Array): Int16Array[] {
  const windows: Int16Array[] = [];
  for (let start = 0; start + WINDOW <= samples.length; start += WINDOW) {
    const window = samples.subarray(start, start + WINDOW);
    if (rms(window) >= SILENT_RMS) windows.push(window);
  }
  return windows;
}

/** The middle of all windows: an s lasts only for some of them, a mark for all. */
function powerAt(hz: number, windows: readonly Int16Array[]): number {
  const powers = windows.map((window) => goertzel(hz, window)).sort((a, b) => a - b);
  return powers[Math.floor(powers.length / 2)] ?? 0;
}

function goertzel(hz: number, window: Int16Array): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / RATE_HZ);
  let [previous, before] = [0, 0];
  for (const sample of window) {
    const now = sample + coefficient * previous - before;
    before = previous;
    previous = now;
  }
  return previous * previous + before * before - coefficient * previous * before;
}
