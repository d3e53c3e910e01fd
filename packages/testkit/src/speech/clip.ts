import { decodeWav, encodeWav, type Recording, resample } from "@parley/audio";
import { cached } from "./cache.ts";
import { type FliteVoice, runFlite } from "./flite.ts";

export interface SpeechClipOptions {
  /** Default 16000. */
  sampleRateHz?: number;
  /** `slt` (a woman, the default, best understood by recognisers), `rms`, `awb`, `kal16` (men). */
  voice?: FliteVoice;
}

const spoken = new Map<string, Promise<Recording>>();

/**
 * Real (synthetic) English speech, mono 16 bit. Spoken once and kept, in the process and in the temporary folder; the
 * samples are the same every time, and the array is the caller's own.
 */
export async function speechClip(text: string, options: SpeechClipOptions = {}): Promise<Int16Array> {
  const { sampleRateHz = 16_000, voice = "slt" } = options;
  const key = JSON.stringify([voice, text]);
  let recording = spoken.get(key);
  if (!recording) {
    recording = speak(text, voice);
    spoken.set(key, recording);
    recording.catch(() => spoken.delete(key));
  }
  const known = await recording;
  return resample(known.samples, known.sampleRateHz, sampleRateHz);
}

async function speak(text: string, voice: FliteVoice): Promise<Recording> {
  const wav = await cached([voice, text], "wav", async () => {
    const { samples, sampleRateHz } = await runFlite(text, voice);
    return encodeWav(samples, sampleRateHz);
  });
  return decodeWav(wav);
}
