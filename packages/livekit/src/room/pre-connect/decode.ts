import { createRequire } from "node:module";
import type { Decoder } from "@evan/opus";
import { concat, resample } from "@parley/audio";
import { HEARING_RATE_HZ } from "@parley/engine";
import { webmPackets } from "./webm.ts";

const require = createRequire(import.meta.url);

export interface PreConnectFormat {
  /** `audio/webm;codecs=opus` from browsers, `audio/opus` from some SDKs, else raw 16-bit little-endian samples. */
  mimeType: string;
  sampleRateHz: number;
  channels: number;
}

/** A pre-connect recording as the ear would have heard it: 16 kHz mono. Throws an Error for formats it cannot read. */
export function decodePreConnect(bytes: Uint8Array, format: PreConnectFormat): Int16Array {
  if (/opus/i.test(format.mimeType)) return decodeOpus(webmPackets(bytes));
  if (/mp4|aac/i.test(format.mimeType)) throw new Error(`${format.mimeType} cannot be decoded here`);
  return decodeRaw(bytes, format);
}

function decodeOpus(packets: readonly Uint8Array[]): Int16Array {
  // Native code, loaded with the first recording that wants it.
  const opus: { Decoder: typeof Decoder } = require("@evan/opus");
  const decoder = new opus.Decoder({ channels: 1, sample_rate: HEARING_RATE_HZ });
  return concat(packets.map((packet) => samplesOf(decoder.decode(packet))));
}

function decodeRaw(bytes: Uint8Array, { sampleRateHz, channels }: PreConnectFormat): Int16Array {
  if (!(sampleRateHz >= 8000 && sampleRateHz <= 192_000) || !(channels >= 1 && channels <= 8)) {
    throw new Error(`${sampleRateHz} Hz with ${channels} channels is no sound`);
  }
  const interleaved = samplesOf(bytes.subarray(0, bytes.length - (bytes.length % (2 * channels))));
  const mono = new Int16Array(interleaved.length / channels);
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += interleaved[i * channels + channel]!;
    mono[i] = Math.round(sum / channels);
  }
  return resample(mono, sampleRateHz, HEARING_RATE_HZ);
}

/** Copies: the bytes may begin at an odd place, and the decoder reuses its memory. */
function samplesOf(bytes: Uint8Array): Int16Array {
  return new Int16Array(bytes.slice().buffer, 0, Math.floor(bytes.length / 2));
}
