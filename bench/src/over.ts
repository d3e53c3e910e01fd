import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { applyGain, decodeWav, encodeWav, peak, resample } from "@parley/audio";
import { type SpokenWord, speechClip } from "@parley/testkit";
import { noises } from "./turns/barge/sounds.ts";
import { voicedSpan } from "./voiced-span.ts";

/** Something that is heard over an answer and asks for nothing: the agent is to go on. */
export interface OverSound {
  name: string;
  kind: "back-channel" | "cough" | "noise";
  samples: Int16Array;
  /** First and last of its sound, from its start. */
  firstMs: number;
  lastMs: number;
  /** What a recogniser makes of it. */
  words: readonly SpokenWord[];
}

/** `say` is what flite is given where it reads the word otherwise. */
const BACK_CHANNELS = [
  { text: "Okay" },
  { text: "Yes" },
  { text: "Right" },
  { text: "I see" },
  { text: "Mhm", say: "um hum" },
  { text: "Uh-huh", say: "uh huh" },
];
const NOISES = ["cough", "two coughs", "clearing the throat", "door", "burst of noise", "keyboard"];
const PEAK = 23_000;
const VOICED_RMS = 300;
const WINDOW_MS = 5;
const LIST = "over.json";

type Listed = Omit<OverSound, "samples">;
const fileOf = (name: string) => `over-${name.toLowerCase().replaceAll(" ", "-")}.wav`;

/** Makes every sound into a folder (generated, never committed). */
export async function makeOver(folder: string, sampleRateHz: number): Promise<void> {
  const list: Listed[] = [];
  const add = async (name: string, kind: Listed["kind"], samples: Int16Array, said: readonly string[]) => {
    const { firstMs, lastMs } = voicedSpan(samples, sampleRateHz, VOICED_RMS, WINDOW_MS);
    const words = said.map((word) => ({ word, startMs: firstMs, endMs: lastMs }));
    list.push({ name, kind, firstMs, lastMs, words });
    await writeFile(path.join(folder, fileOf(name)), encodeWav(samples, sampleRateHz));
  };
  for (const { text, say = text } of BACK_CHANNELS) {
    const spoken = await speechClip(say, { sampleRateHz });
    await add(text, "back-channel", applyGain(spoken, PEAK / Math.max(1, peak(spoken))), [text]);
  }
  for (const { name, kind, samples } of noises())
    if (NOISES.includes(name)) await add(name, kind, resample(samples, 16_000, sampleRateHz), []);
  await writeFile(path.join(folder, LIST), JSON.stringify(list));
}

export async function loadOver(folder: string): Promise<OverSound[]> {
  const list: Listed[] = JSON.parse(await readFile(path.join(folder, LIST), "utf8"));
  return Promise.all(
    list.map(async (one) => ({
      ...one,
      samples: decodeWav(await readFile(path.join(folder, fileOf(one.name)))).samples,
    })),
  );
}
