import { concat } from "@parley/audio";
import { CHANNELS, GRANULES_PER_MS, PRE_SKIP, RATE_HZ } from "./format.ts";
import { loadOpus } from "./opus.ts";
import { readSegment } from "./segment.ts";

const SKIPPED_SAMPLES = (PRE_SKIP / GRANULES_PER_MS) * (RATE_HZ / 1000);

/**
 * The sound of a recording's file, 16 kHz: sample 0 of both channels is at `startMs` of the call.
 * Throws RecordingFormatError.
 */
export function decodeRecording(file: Uint8Array): { startMs: number; callers: Int16Array; agent: Int16Array } {
  const { startMs, packets } = readSegment(file);
  const { Decoder } = loadOpus();
  const decoder = new Decoder({ channels: CHANNELS, sample_rate: RATE_HZ });
  // The decoder uses its memory again.
  const frames = packets.map((packet) => new Int16Array(decoder.decode(packet).slice().buffer));
  decoder.drop();
  const channel = (n: number) =>
    concat(frames.map((frame) => frame.filter((_, i) => i % CHANNELS === n))).subarray(SKIPPED_SAMPLES);
  return { startMs, callers: channel(0), agent: channel(1) };
}
