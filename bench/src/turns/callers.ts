import { applyGain, concat, peak, rms } from "@parley/audio";
import { type FliteVoice, wordTimes as fliteWords, noise, randomFrom, silence, speechClip } from "@parley/testkit";

const RATE_HZ = 16_000;
const PEAK = 18_000;
/** What is fainter at a phrase's edge, over a frame's time, is cut off: closed lips, and the faint burst behind them. */
const EDGE_RMS = 800;
const EDGE_WINDOW_MS = 20;
const STEP_MS = 5;
/** Between two utterances of a caller: time for every policy to end the turn, and for a short answer. */
const BETWEEN_MS = 4_500;
const SHORTEST_MS = 150;
const LONGEST_MS = 1_200;

/** How somebody speaks: half of the pauses are shorter than the median, two thirds lie within a factor of 1.5 of it. */
export interface Style {
  name: string;
  voice: FliteVoice;
  medianMs: number;
}

export interface SpokenWord {
  /** With the sign that is written after it. */
  text: string;
  endMs: number;
}

/** One labelled utterance; times from the beginning of the caller's sound. */
export interface Utterance {
  text: string;
  startMs: number;
  /** The last voiced sound. */
  endMs: number;
  pausesMs: readonly number[];
  words: readonly SpokenWord[];
}

/** Everything that one caller says in a call. */
export interface Caller {
  name: string;
  samples: Int16Array;
  utterances: readonly Utterance[];
}

const SIGMA = Math.log(1.5);

/** Who speaks in each half: other voices and paces in each, quick and slow in both. */
export const styles: Record<"tuning" | "heldOut", readonly Style[]> = {
  tuning: [
    { name: "quick", voice: "slt", medianMs: 240 },
    { name: "usual", voice: "rms", medianMs: 430 },
    { name: "slow", voice: "awb", medianMs: 800 },
  ],
  heldOut: [
    { name: "quick", voice: "awb", medianMs: 270 },
    { name: "usual", voice: "slt", medianMs: 460 },
    { name: "slow", voice: "rms", medianMs: 750 },
  ],
};

/** Speaks the sentences with pauses of the caller's style; the same samples for the same seed. */
export async function makeCaller(style: Style, sentences: readonly string[], seed: number): Promise<Caller> {
  const random = randomFrom(seed);
  const parts: Int16Array[] = [silence(1_000)];
  let atMs = 1_000;
  const add = (samples: Int16Array) => {
    parts.push(samples);
    atMs += msOf(samples.length);
  };
  const utterances: Utterance[] = [];
  for (const sentence of sentences) {
    const startMs = atMs;
    const pausesMs: number[] = [];
    const words: SpokenWord[] = [];
    for (const [index, phrase] of sentence.split("|").entries()) {
      if (index > 0) {
        const pauseMs = pauseOf(style, random);
        pausesMs.push(pauseMs);
        add(silence(pauseMs));
      }
      const spoken = await spokenPhrase(phrase.trim(), style.voice);
      for (const { text, endMs } of spoken.words) words.push({ text, endMs: atMs + endMs });
      add(spoken.samples);
    }
    utterances.push({ text: sentence.replaceAll("| ", ""), startMs, endMs: atMs, pausesMs, words });
    add(silence(BETWEEN_MS));
  }
  return { name: `${style.name} ${style.voice}`, samples: withRoom(concat(parts), seed), utterances };
}

/** Log-normal, and within what the set is to hold. */
function pauseOf({ medianMs }: Style, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, medianMs * Math.exp(SIGMA * normal))));
}

/** A phrase without the silence around it: its first and last sample belong to its sound. */
export async function voiced(text: string, voice: FliteVoice): Promise<Int16Array> {
  return (await trimmed(text, voice)).samples;
}

/** With the end of each word, from its own beginning. */
async function spokenPhrase(text: string, voice: FliteVoice): Promise<{ samples: Int16Array; words: SpokenWord[] }> {
  const { samples, fromMs } = await trimmed(text, voice);
  const times = await fliteWords(text, voice);
  const words = text.split(/\s+/).map((word, i, all) => {
    const endMs = i === all.length - 1 ? msOf(samples.length) : (times[i]?.endMs ?? Number.NaN) - fromMs;
    return { text: word, endMs };
  });
  if (times.length !== words.length) throw new Error(`"${text}" is ${times.length} words to flite`);
  return { samples, words };
}

async function trimmed(text: string, voice: FliteVoice): Promise<{ samples: Int16Array; fromMs: number }> {
  const clip = await speechClip(text, { voice });
  const even = applyGain(clip, PEAK / Math.max(1, peak(clip)));
  const [step, size] = [STEP_MS, EDGE_WINDOW_MS].map((ms) => (RATE_HZ * ms) / 1000) as [number, number];
  const isVoiced = (at: number) => rms(even.subarray(at, at + size)) > EDGE_RMS;
  let first = 0;
  while (first + size < even.length && !isVoiced(first)) first += step;
  let last = Math.floor((even.length - size) / step) * step;
  while (last > first && !isVoiced(last)) last -= step;
  return { samples: even.slice(first, last + size), fromMs: msOf(first) };
}

/** No line is digitally silent: -62 dB of noise. */
function withRoom(samples: Int16Array, seed: number): Int16Array {
  const room = noise(msOf(samples.length), RATE_HZ, -62, seed);
  for (let i = 0; i < samples.length; i++)
    samples[i] = Math.max(-32_768, Math.min(32_767, samples[i]! + (room[i] ?? 0)));
  return samples;
}

/** Spread over the phrase by their letters: of words that flite was given in another spelling. */
export function wordTimes(phrase: string, fromMs: number, ms: number): SpokenWord[] {
  return [...phrase.matchAll(/\S+/g)].map((match) => ({
    text: match[0],
    endMs: fromMs + ((match.index + match[0].length) / phrase.length) * ms,
  }));
}

export function msOf(samples: number): number {
  return (samples / RATE_HZ) * 1000;
}
