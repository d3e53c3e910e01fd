import { FRAME_MS, MOST_MS, SILENCE } from "./format.ts";
import { RecordingFormatError, readSegment, type Segment } from "./segment.ts";
import { SegmentWriter } from "./segment-writer.ts";

export interface JoinedRecording {
  /** An Ogg Opus file: stereo, left the callers, right the agent. */
  bytes: Uint8Array<ArrayBuffer>;
  callId: string;
  /** The call's time of its first sample, ms. */
  startMs: number;
  durationMs: number;
  /** Stretches that no segment holds, ms from the file's beginning: silent in it. */
  gaps: { fromMs: number; toMs: number }[];
}

/**
 * The files of one call's epochs, in any order and each perhaps cut off, as one file on one timeline: what is missing
 * between them is silence; where they overlap the later epoch is right. Those without sound are left out.
 * Throws RecordingFormatError for what is no recording, of two calls, or without any sound.
 */
export function joinSegments(files: readonly Uint8Array[]): JoinedRecording {
  const segments = files
    .map(readSegment)
    .filter(({ packets }) => packets.length > 0)
    .sort((a, b) => a.epoch - b.epoch);
  const first = segments[0];
  if (!first) throw new RecordingFormatError("There is no sound in these recordings.");
  const { callId } = first;
  if (segments.some((segment) => segment.callId !== callId))
    throw new RecordingFormatError("These recordings are of different calls.");
  const startMs = Math.min(...segments.map((segment) => segment.startMs));
  const packets = onOneTimeline(segments, startMs);
  const writer = new SegmentWriter({ callId, epoch: segments.at(-1)!.epoch, startMs });
  const pieces = [writer.head()];
  for (let i = 0; i < packets.length; i++) {
    const page = writer.push(packets[i] ?? SILENCE);
    if (page) pieces.push(page);
  }
  const bytes = Buffer.concat([...pieces, writer.end()]);
  return { bytes, callId, startMs, durationMs: readSegment(bytes).durationMs, gaps: gapsOf(packets) };
}

/** Undefined where no segment has anything. */
function onOneTimeline(segments: readonly Segment[], startMs: number): (Uint8Array | undefined)[] {
  const places = segments.map((segment) => Math.round((segment.startMs - startMs) / FRAME_MS));
  const length = Math.max(...segments.map(({ packets }, i) => places[i]! + packets.length));
  if (length * FRAME_MS > MOST_MS) throw new RecordingFormatError("These recordings are more than a day apart.");
  const timeline = new Array<Uint8Array | undefined>(length).fill(undefined);
  segments.forEach(({ packets }, i) => {
    // A process that was replaced may have gone on for a moment: what it heard then is not what the caller heard.
    timeline.fill(undefined, places[i]!);
    packets.forEach((packet, j) => {
      timeline[places[i]! + j] = packet;
    });
  });
  return trimmed(timeline);
}

function trimmed(timeline: (Uint8Array | undefined)[]): (Uint8Array | undefined)[] {
  const last = timeline.findLastIndex((packet) => packet !== undefined);
  return timeline.slice(0, last + 1);
}

function gapsOf(packets: readonly (Uint8Array | undefined)[]): JoinedRecording["gaps"] {
  const gaps: JoinedRecording["gaps"] = [];
  for (let i = 0; i < packets.length; i++) {
    if (packets[i] !== undefined) continue;
    const last = gaps.at(-1);
    if (last?.toMs === i * FRAME_MS) last.toMs += FRAME_MS;
    else gaps.push({ fromMs: i * FRAME_MS, toMs: (i + 1) * FRAME_MS });
  }
  return gaps;
}
