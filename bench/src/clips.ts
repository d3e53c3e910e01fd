import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { applyGain, decodeWav, encodeWav, peak, rms } from "@parley/audio";
import { speechClip } from "@parley/testkit";

export const CLIP_RATE_HZ = 48_000;

/** `long` asks for a long answer, which the mock knows by the length of its sound; `barge` interrupts one. */
const TEXTS = {
  short: "What time do you open tomorrow morning",
  long: "Please tell me a very long story about the old harbour and every boat that ever sailed there",
  barge: "Hold on please I have another question now",
} as const;

export type ClipName = keyof typeof TEXTS;

export interface Clip {
  samples: Int16Array;
  /** First and last voiced sound, from the clip's start. */
  firstMs: number;
  lastMs: number;
}

const PEAK = 23_000;
const VOICED_RMS = 300;
const WINDOW_MS = 5;

/** Speaks the three clips into a folder (generated, never committed). */
export async function makeClips(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(TEXTS)) {
    const samples = await speechClip(text, { sampleRateHz: CLIP_RATE_HZ });
    const even = applyGain(samples, PEAK / Math.max(1, peak(samples)));
    await writeFile(path.join(folder, `${name}.wav`), encodeWav(even, CLIP_RATE_HZ));
  }
}

export async function loadClips(folder: string): Promise<Record<ClipName, Clip>> {
  const load = async (name: ClipName): Promise<Clip> => {
    const { samples } = decodeWav(await readFile(path.join(folder, `${name}.wav`)));
    const windows = voicedWindows(samples);
    return { samples, firstMs: (windows[0] ?? 0) * WINDOW_MS, lastMs: ((windows.at(-1) ?? 0) + 1) * WINDOW_MS };
  };
  return { short: await load("short"), long: await load("long"), barge: await load("barge") };
}

/** The mock takes more voiced sound than this for the long question: the middle between the two. */
export function longClipMs(clips: Record<ClipName, Clip>): number {
  const voicedMs = (clip: Clip) => voicedWindows(clip.samples).length * WINDOW_MS;
  return Math.round((voicedMs(clips.short) + voicedMs(clips.long)) / 2);
}

function voicedWindows(samples: Int16Array): number[] {
  const size = (CLIP_RATE_HZ * WINDOW_MS) / 1000;
  const count = Math.floor(samples.length / size);
  return Array.from({ length: count }, (_, i) => i).filter(
    (i) => rms(samples.subarray(i * size, (i + 1) * size)) > VOICED_RMS,
  );
}
