import { FRAME_GRANULES, FRAME_MS, GRANULES_PER_MS, MOST_MS, PRE_SKIP } from "./format.ts";
import { decodeTags, isHead, type SegmentInfo } from "./head.ts";
import { readPages } from "./ogg/page.ts";

/** The bytes are no recording of ours. */
export class RecordingFormatError extends Error {
  override readonly name = "RecordingFormatError";
}

export interface Segment extends SegmentInfo {
  /** Each 20 ms of sound, in order; views of the file. */
  packets: Uint8Array[];
  durationMs: number;
  /** Its last page says that it is the last: nothing was cut off. */
  complete: boolean;
  /** How much of the file is whole: what follows is cut off, broken, or foreign. */
  bytes: number;
  /** Where playing may begin, one place a page; `positionMs` from the file's beginning. */
  seekTable: { positionMs: number; offset: number }[];
}

/**
 * A recording's file, or as much of it as is whole; a killed process leaves it cut off anywhere.
 * Throws RecordingFormatError when it does not begin as ours do.
 */
export function readSegment(file: Uint8Array): Segment {
  const pages = readPages(file);
  const head = pages.next().value;
  const info = isHead(head?.packets[0]) ? (pages.next().value ?? null) : null;
  const tags = decodeTags(info?.packets[0]);
  if (!head || !info || !tags)
    throw new RecordingFormatError("This is no recording: its Ogg Opus head is not one of ours.");
  const segment: Segment = {
    ...tags,
    packets: [],
    durationMs: 0,
    complete: false,
    bytes: info.offset + info.bytes,
    seekTable: [],
  };
  for (const { serial, packets, granule, last, offset, bytes } of pages) {
    const before = segment.packets.length;
    const isNext = serial === head.serial && granule === (before + packets.length) * FRAME_GRANULES;
    if (!isNext || segment.complete || granule > MOST_MS * GRANULES_PER_MS || !packets.every(isOfOneFrame)) break;
    segment.seekTable.push({ positionMs: positionMs(before), offset });
    segment.packets.push(...packets);
    segment.complete = last;
    segment.bytes = offset + bytes;
  }
  segment.durationMs = positionMs(segment.packets.length);
  return segment;
}

/** Where a packet begins, ms from the file's first sample. */
export function positionMs(packet: number): number {
  return Math.max(0, packet * FRAME_MS - PRE_SKIP / GRANULES_PER_MS);
}

/** 20 ms, and one frame in the packet (RFC 6716, section 3.1). */
function isOfOneFrame(packet: Uint8Array): boolean {
  const toc = packet[0];
  if (toc === undefined || (toc & 3) !== 0 || packet.length > 1276) return false;
  const config = toc >> 3;
  return config < 12 ? config % 4 === 1 : config < 16 ? config % 2 === 1 : config % 4 === 3;
}
