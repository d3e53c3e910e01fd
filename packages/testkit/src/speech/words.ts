import { cached } from "./cache.ts";
import { type FliteVoice, flitePhones } from "./flite.ts";

/** A word, and where it lies in its sound. */
export interface SpokenWord {
  word: string;
  startMs: number;
  endMs: number;
}

/**
 * Where the words of `speechClip(text)` lie, right to one phone's 5 ms. Flite tells the times of phones only: which
 * belong to which word, it says when the words are spoken with pauses between. Throws when the two don't agree.
 */
export async function wordTimes(text: string, voice: FliteVoice = "slt"): Promise<SpokenWord[]> {
  const make = async () => Buffer.from(JSON.stringify(await timed(text, voice)));
  return JSON.parse(Buffer.from(await cached([voice, text], "words.json", make)).toString());
}

async function timed(text: string, voice: FliteVoice): Promise<SpokenWord[]> {
  const words = text.match(/[\w']+/g) ?? [];
  const phones = (await flitePhones(text, voice)).map((phone, i, all) => ({
    ...phone,
    startMs: all[i - 1]?.endMs ?? 0,
  }));
  const spoken = phones.filter(({ name }) => name !== "pau");
  const counts = await phoneCounts(words, voice);
  const sum = counts.reduce((total, count) => total + count, 0);
  if (counts.length !== words.length || sum !== spoken.length) {
    throw new Error(`"${text}" has ${spoken.length} phones, its ${words.length} words have ${counts.join(" + ")}`);
  }
  let at = 0;
  return words.map((word, i) => {
    const own = spoken.slice(at, at + (counts[i] ?? 0));
    at += own.length;
    return { word, startMs: own[0]?.startMs ?? 0, endMs: own.at(-1)?.endMs ?? 0 };
  });
}

async function phoneCounts(words: readonly string[], voice: FliteVoice): Promise<number[]> {
  const phones = await flitePhones(words.join(", "), voice);
  const counts = [0];
  for (const { name } of phones) {
    if (name !== "pau") counts.push((counts.pop() ?? 0) + 1);
    else if (counts.at(-1) !== 0) counts.push(0);
  }
  return counts.filter((count) => count > 0);
}
