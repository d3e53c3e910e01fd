import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { applyGain, concat, decodeWav, encodeWav, peak } from "@parley/audio";
import { type SpokenWord, silence, speechClip, wordTimes } from "@parley/testkit";
import { loadOver, makeOver, type OverSound } from "./over.ts";
import { BARGE_QUESTION, LONG_QUESTION, QUESTIONS, type Question, SHORT_QUESTIONS } from "./questions.ts";
import { voicedSpan } from "./voiced-span.ts";

export const CLIP_RATE_HZ = 48_000;

export interface Clip {
  /** Of its question. */
  name: string;
  samples: Int16Array;
  /** First and last voiced sound, from the clip's start. */
  firstMs: number;
  lastMs: number;
  words: readonly SpokenWord[];
}

/** What callers say: `long` asks for a long answer, `barge` interrupts one, `over` is heard over one and asks for nothing. */
export interface Clips {
  short: readonly Clip[];
  long: Clip;
  barge: Clip;
  over: readonly OverSound[];
}

const PEAK = 23_000;
const VOICED_RMS = 300;
/**
 * What is fainter at a phrase's edge, over a frame's time, is cut off: a pause is then as long at the ear, and to a voice
 * detector, as it is said to be, though the word before ends in closed lips and a faint burst.
 */
const EDGE_RMS = 1000;
const EDGE_WINDOW_MS = 20;
const VOICED_WINDOW_MS = 5;
const FADE_MS = 2;

/** Speaks every question into a folder, as wav and the times of its words (generated, never committed). */
export async function makeClips(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const question of QUESTIONS) {
    const { samples, words } = await spoken(question);
    await writeFile(path.join(folder, `${question.name}.wav`), encodeWav(samples, CLIP_RATE_HZ));
    await writeFile(path.join(folder, `${question.name}.json`), JSON.stringify(words));
  }
  await makeOver(folder, CLIP_RATE_HZ);
}

export async function loadClips(folder: string): Promise<Clips> {
  const load = async ({ name }: Question): Promise<Clip> => {
    const { samples } = decodeWav(await readFile(path.join(folder, `${name}.wav`)));
    const words: SpokenWord[] = JSON.parse(await readFile(path.join(folder, `${name}.json`), "utf8"));
    return { name, samples, words, ...voicedSpan(samples, CLIP_RATE_HZ, VOICED_RMS, VOICED_WINDOW_MS) };
  };
  const short = await Promise.all(SHORT_QUESTIONS.map(load));
  return {
    short,
    long: await load(LONG_QUESTION),
    barge: await load(BARGE_QUESTION),
    over: await loadOver(folder),
  };
}

async function spoken({ phrases, pausesMs }: Question): Promise<{ samples: Int16Array; words: SpokenWord[] }> {
  const parts: Int16Array[] = [];
  const words: SpokenWord[] = [];
  let atMs = 0;
  for (const [i, text] of phrases.entries()) {
    const phrase = await spokenPhrase(text);
    for (const { word, startMs, endMs } of phrase.words) {
      words.push({ word, startMs: atMs + startMs, endMs: atMs + endMs });
    }
    const pauseMs = pausesMs[i] ?? 0;
    parts.push(phrase.samples, silence(pauseMs, CLIP_RATE_HZ));
    atMs += msOf(phrase.samples) + pauseMs;
  }
  return { samples: concat(parts), words };
}

/** Without the silence around it. */
async function spokenPhrase(text: string): Promise<{ samples: Int16Array; words: SpokenWord[] }> {
  const quiet = await speechClip(text, { sampleRateHz: CLIP_RATE_HZ });
  const even = applyGain(quiet, PEAK / Math.max(1, peak(quiet)));
  const { firstMs, lastMs } = voicedSpan(even, CLIP_RATE_HZ, EDGE_RMS, EDGE_WINDOW_MS);
  const samples = even.slice(at(firstMs), at(lastMs));
  fadeEdges(samples);
  const inside = (ms: number) => Math.min(lastMs, Math.max(firstMs, ms)) - firstMs;
  const words = (await wordTimes(text)).map(({ word, startMs, endMs }) => ({
    word,
    startMs: inside(startMs),
    endMs: inside(endMs),
  }));
  return { samples, words };
}

function at(ms: number): number {
  return (ms * CLIP_RATE_HZ) / 1000;
}

/** A cut inside a wave would click. */
function fadeEdges(samples: Int16Array): void {
  const length = Math.min(samples.length, at(FADE_MS));
  for (let i = 0; i < length; i++) {
    const last = samples.length - 1 - i;
    samples[i] = Math.round((samples[i]! * i) / length);
    samples[last] = Math.round((samples[last]! * i) / length);
  }
}

function msOf(samples: Int16Array): number {
  return (samples.length / CLIP_RATE_HZ) * 1000;
}
