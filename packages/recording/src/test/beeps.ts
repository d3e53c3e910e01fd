import { CHANNELS, FRAME_MS, FRAME_SAMPLES, RATE_HZ, SegmentEncoder } from "../index.ts";

/** A tone; times are the call's. */
export interface Beep {
  side: "callers" | "agent";
  fromMs: number;
  toMs: number;
  hz: number;
}

/** A recording's file with these tones in it. */
export function recordBeeps(
  epoch: number,
  startMs: number,
  endMs: number,
  beeps: readonly Beep[],
  callId = "call-1",
): Buffer {
  const encoder = new SegmentEncoder({ callId, epoch, startMs });
  const pieces: Uint8Array[] = [encoder.head()];
  for (let atMs = startMs; atMs < endMs; atMs += FRAME_MS) {
    const page = encoder.push(frameAt(atMs, beeps));
    if (page) pieces.push(page);
  }
  return Buffer.concat([...pieces, encoder.end()]);
}

function frameAt(atMs: number, beeps: readonly Beep[]): Int16Array {
  const frame = new Int16Array(FRAME_SAMPLES * CHANNELS);
  for (const { side, fromMs, toMs, hz } of beeps)
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const ms = atMs + (i * 1000) / RATE_HZ;
      if (ms >= fromMs && ms < toMs)
        frame[i * CHANNELS + (side === "callers" ? 0 : 1)] = 9000 * Math.sin((2 * Math.PI * hz * ms) / 1000);
    }
  return frame;
}

/** Loud stretches of a channel, ms from its first sample, each to 5 ms; those nearer than 30 ms are one. */
export function stretchesOf(samples: Int16Array): { fromMs: number; toMs: number; hz: number }[] {
  const piece = (RATE_HZ * 5) / 1000;
  const stretches: { fromMs: number; toMs: number; hz: number }[] = [];
  for (let at = 0; at + piece <= samples.length; at += piece) {
    const loud = samples.subarray(at, at + piece).some((sample) => Math.abs(sample) > 2000);
    if (!loud) continue;
    const fromMs = (at * 1000) / RATE_HZ;
    const last = stretches.at(-1);
    if (last && fromMs - last.toMs < 30) last.toMs = fromMs + 5;
    else stretches.push({ fromMs, toMs: fromMs + 5, hz: 0 });
  }
  for (const stretch of stretches) stretch.hz = pitchOf(samples.subarray(stretch.fromMs * 16, stretch.toMs * 16));
  return stretches;
}

/** Of a pure tone, by how often it crosses zero; to 10 Hz. */
function pitchOf(samples: Int16Array): number {
  let crossings = 0;
  for (let i = 1; i < samples.length; i++) if (samples[i - 1]! < 0 && samples[i]! >= 0) crossings++;
  return Math.round((crossings * RATE_HZ) / samples.length / 10) * 10;
}
