import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { decodeWav, encodeWav, type Recording, resample } from "@parley/audio";
import { type FliteVoice, runFlite } from "./flite.ts";

export interface SpeechClipOptions {
  /** Default 16000. */
  sampleRateHz?: number;
  /** `slt` (a woman, the default, best understood by recognisers), `rms`, `awb`, `kal16` (men). */
  voice?: FliteVoice;
}

/** A new number makes every machine speak its clips again. */
const CACHE_VERSION = 1;
const cacheFolder = path.join(tmpdir(), "parley-speech-clips");
const spoken = new Map<string, Promise<Recording>>();

/**
 * Real (synthetic) English speech, mono 16 bit. Spoken once and kept, in the process and in the temporary folder; the
 * samples are the same every time, and the array is the caller's own.
 */
export async function speechClip(text: string, options: SpeechClipOptions = {}): Promise<Int16Array> {
  const { sampleRateHz = 16_000, voice = "slt" } = options;
  const key = createHash("sha256")
    .update(JSON.stringify([CACHE_VERSION, voice, text]))
    .digest("hex")
    .slice(0, 32);
  let recording = spoken.get(key);
  if (!recording) {
    recording = fromDisk(key).catch(() => speakAndKeep(key, text, voice));
    spoken.set(key, recording);
    recording.catch(() => spoken.delete(key));
  }
  const known = await recording;
  return resample(known.samples, known.sampleRateHz, sampleRateHz);
}

async function fromDisk(key: string): Promise<Recording> {
  return decodeWav(await readFile(path.join(cacheFolder, `${key}.wav`)));
}

async function speakAndKeep(key: string, text: string, voice: FliteVoice): Promise<Recording> {
  const recording = await runFlite(text, voice);
  try {
    await mkdir(cacheFolder, { recursive: true });
    // Test processes run side by side: nobody may read half a file.
    const unfinished = path.join(cacheFolder, `${key}.${randomUUID()}.part`);
    await writeFile(unfinished, encodeWav(recording.samples, recording.sampleRateHz));
    await rename(unfinished, path.join(cacheFolder, `${key}.wav`));
  } catch {
    // No cache is slower, not wrong.
  }
  return recording;
}
