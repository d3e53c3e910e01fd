import { AudioFormatError, decodeWav, resample } from "@parley/audio";
import { z } from "zod";
import { HttpProblem } from "../http/problem.ts";
import { decodeMp3 } from "./mp3.ts";

/** Of the sound that a request brings. */
export const MOST_SOUND_MS = 60_000;
const MOST_BYTES = 8 * 1024 * 1024;
/** Of the request: base64 needs a third more, and something is said beside it. */
export const SOUND_BODY_BYTES = Math.ceil((MOST_BYTES * 4) / 3) + 64 * 1024;

/** Sound in a request, and how raw samples in it are to be read. */
export const soundFields = {
  audio_data: z.string().min(1).describe("Base64 of a WAV or MP3 file, or (with sample_rate) of raw PCM: 60 s, 8 MiB"),
  sample_rate: z
    .int()
    .min(8_000)
    .max(96_000)
    .nullish()
    .describe("Hz, of raw PCM: mono, 16 bit, little-endian; a file says its own"),
};

/** What it sounds like, mono, at this rate. Throws HttpProblem 413 `sound-too-large`, `sound-too-long`, 422 `sound-not-understood`. */
export async function soundOf(
  { audio_data, sample_rate }: { audio_data: string; sample_rate?: number | null | undefined },
  toHz: number,
): Promise<Int16Array> {
  const bytes = bytesIn(audio_data);
  const samples = await decoded(bytes, sample_rate ?? null, toHz);
  if (samples.length === 0) throw notUnderstood("there is no sound in it");
  if (samples.length > (MOST_SOUND_MS / 1000) * toHz) throw tooLong();
  return samples;
}

function bytesIn(base64: string): Buffer {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(base64)) throw notUnderstood("it is not base64 (no line breaks, no data: URL)");
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > MOST_BYTES)
    throw new HttpProblem(413, "sound-too-large", `audio_data may hold ${MOST_BYTES} bytes; it holds ${bytes.length}.`);
  return bytes;
}

async function decoded(bytes: Buffer, sampleRateHz: number | null, toHz: number): Promise<Int16Array> {
  try {
    if (bytes.toString("latin1", 0, 4) === "RIFF") {
      const { samples, sampleRateHz: fromHz } = decodeWav(bytes);
      return atRate(samples, fromHz, toHz);
    }
    if (sampleRateHz !== null) return atRate(pcm(bytes), sampleRateHz, toHz);
    const mp3 = await decodeMp3(bytes, toHz, MOST_SOUND_MS);
    if (mp3 !== null) return mp3;
  } catch (error) {
    if (error instanceof AudioFormatError || error instanceof RangeError) throw notUnderstood(error.message);
    throw error;
  }
  throw notUnderstood("it is neither WAV nor MP3; raw PCM needs sample_rate beside it");
}

/** What is too long is not made longer still. */
function atRate(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  if (samples.length > (MOST_SOUND_MS / 1000) * fromHz) throw tooLong();
  return resample(samples, fromHz, toHz);
}

function pcm(bytes: Buffer): Int16Array {
  const samples = new Int16Array(Math.floor(bytes.length / 2));
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2);
  return samples;
}

const tooLong = (): HttpProblem =>
  new HttpProblem(413, "sound-too-long", `audio_data may last ${MOST_SOUND_MS / 1000} s: send it in parts.`);

const notUnderstood = (why: string): HttpProblem =>
  new HttpProblem(422, "sound-not-understood", `audio_data cannot be read: ${why}.`);
