import { applyGain, concat, peak, resample, rms } from "@parley/audio";
import { silence, speechClip } from "@parley/testkit";

const RATE_HZ = 16_000;
const PEAK = 20_000;
const GAP_MS = 60;
/** As voices leave it after a sentence. */
const SENTENCE_PAUSE_MS = 250;
const SILENT_RMS = 150;
const STEP = RATE_HZ / 100;

export interface WordedSpeech {
  /** 16 kHz. */
  samples: Int16Array;
  /** Where each word's sound begins and ends. */
  words: readonly { word: string; startMs: number; endMs: number }[];
}

/** Real speech of which is known where every word is: the words are spoken one by one and put together. */
export async function wordedSpeech(sentences: readonly string[]): Promise<WordedSpeech> {
  const parts: Int16Array[] = [];
  const words: { word: string; startMs: number; endMs: number }[] = [];
  let length = 0;
  const add = (part: Int16Array) => {
    parts.push(part);
    length += part.length;
  };
  const atMs = () => (length * 1000) / RATE_HZ;
  for (const sentence of sentences) {
    for (const word of sentence.split(" ")) {
      const startMs = atMs();
      add(trimmed(await speechClip(word.replace(/\W/g, ""))));
      words.push({ word, startMs, endMs: atMs() });
      add(silence(GAP_MS));
    }
    add(silence(SENTENCE_PAUSE_MS));
  }
  return { samples: concat(parts), words };
}

/** One sentence as a voice of 24 kHz says it. */
export async function at24kHz(sentence: string): Promise<Int16Array> {
  const { samples } = await wordedSpeech([sentence]);
  return resample(samples, RATE_HZ, 24_000);
}

function trimmed(clip: Int16Array): Int16Array {
  const samples = applyGain(clip, PEAK / Math.max(1, peak(clip)));
  let from = 0;
  let to = samples.length;
  while (from < to && rms(samples.subarray(from, from + STEP)) < SILENT_RMS) from += STEP;
  while (to > from && rms(samples.subarray(to - STEP, to)) < SILENT_RMS) to -= STEP;
  return samples.slice(from, to);
}
