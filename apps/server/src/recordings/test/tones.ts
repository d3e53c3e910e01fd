import { CHANNELS, FRAME_MS, FRAME_SAMPLES, RATE_HZ, SegmentEncoder } from "@parley/recording";

const LOUD = 9_000;

/** A worker's segment of a call: a tone of this pitch on the left, from one of the call's times to another. */
export function toneSegment(segment: {
  callId: string;
  epoch: number;
  startMs: number;
  endMs: number;
  hz: number;
}): Buffer {
  const { callId, epoch, startMs, endMs, hz } = segment;
  const encoder = new SegmentEncoder({ callId, epoch, startMs });
  const pieces: Uint8Array[] = [encoder.head()];
  for (let atMs = startMs; atMs < endMs; atMs += FRAME_MS) {
    const frame = new Int16Array(FRAME_SAMPLES * CHANNELS);
    for (let i = 0; i < FRAME_SAMPLES; i++)
      frame[i * CHANNELS] = LOUD * Math.sin(2 * Math.PI * hz * (atMs / 1_000 + i / RATE_HZ));
    const page = encoder.push(frame);
    if (page) pieces.push(page);
  }
  return Buffer.concat([...pieces, encoder.end()]);
}

/** How often a stretch of a channel crosses zero upwards in a second: the pitch of a tone, 0 of silence. */
export function pitchOf(channel: Int16Array, fromMs: number, toMs: number): number {
  const part = channel.subarray((fromMs * RATE_HZ) / 1_000, (toMs * RATE_HZ) / 1_000);
  let crossings = 0;
  for (let i = 1; i < part.length; i++) if (part[i - 1]! < 0 && part[i]! >= 0 && part[i]! > 20) crossings++;
  return (crossings * 1_000) / (toMs - fromMs);
}
