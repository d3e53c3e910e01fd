import { setImmediate as otherWork } from "node:timers/promises";
import { concat, resample } from "@parley/audio";

/** Bytes that are decoded in one go: some seconds of speech, a few ms of work. */
const SLICE_BYTES = 16 * 1024;

/**
 * An MP3's sound, mono, at `toHz`; null when nothing in it is MP3. It stops behind `mostMs`: what comes back is longer
 * then. Others' requests are served in between.
 */
export async function decodeMp3(bytes: Uint8Array, toHz: number, mostMs: number): Promise<Int16Array | null> {
  // Only now: few requests bring MP3.
  const { MPEGDecoder } = await import("mpg123-decoder");
  const decoder = new MPEGDecoder();
  await decoder.ready;
  try {
    const pieces: Int16Array[] = [];
    let fromHz = 0;
    let samples = 0;
    for (let from = 0; from < bytes.length && samples <= (mostMs / 1000) * Math.max(fromHz, 1); from += SLICE_BYTES) {
      const { channelData, sampleRate } = decoder.decode(bytes.subarray(from, from + SLICE_BYTES));
      const piece = mono(channelData);
      if (piece.length > 0) fromHz = sampleRate;
      samples += piece.length;
      pieces.push(piece);
      await otherWork();
    }
    return samples === 0 ? null : resample(concat(pieces), fromHz, toHz);
  } finally {
    decoder.free();
  }
}

function mono(channels: readonly Float32Array[]): Int16Array {
  const [first] = channels;
  const made = new Int16Array(first?.length ?? 0);
  for (let i = 0; i < made.length; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i] ?? 0;
    made[i] = Math.max(-32_768, Math.min(32_767, Math.round((sum / channels.length) * 32_767)));
  }
  return made;
}
