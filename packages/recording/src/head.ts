import { CHANNELS, MOST_MS, PRE_SKIP, RATE_HZ } from "./format.ts";

/** Which piece of which call a file holds. */
export interface SegmentInfo {
  callId: string;
  epoch: number;
  /** The call's time of the file's first sample, ms; a multiple of 20. */
  startMs: number;
}

const text = new TextEncoder();
const VENDOR = "Parley";
const NAMES = { callId: "PARLEY_CALL_ID", epoch: "PARLEY_EPOCH", startMs: "PARLEY_START_MS" } as const;

/** OpusHead (RFC 7845, section 5.1). */
export function encodeHead(): Uint8Array {
  const head = new Uint8Array(19);
  const view = new DataView(head.buffer);
  head.set(text.encode("OpusHead"));
  view.setUint8(8, 1);
  view.setUint8(9, CHANNELS);
  view.setUint16(10, PRE_SKIP, true);
  view.setUint32(12, RATE_HZ, true);
  return head;
}

export function isHead(packet: Uint8Array | undefined): boolean {
  return packet !== undefined && Buffer.from(encodeHead()).equals(packet);
}

/** OpusTags (RFC 7845, section 5.2). */
export function encodeTags({ callId, epoch, startMs }: SegmentInfo): Uint8Array {
  const comments = [`${NAMES.callId}=${callId}`, `${NAMES.epoch}=${epoch}`, `${NAMES.startMs}=${startMs}`];
  const counted = (words: string) => [uint32(text.encode(words).length), text.encode(words)];
  return Buffer.concat([
    text.encode("OpusTags"),
    ...counted(VENDOR),
    uint32(comments.length),
    ...comments.flatMap(counted),
  ]);
}

/** Null for anything that is not ours. */
export function decodeTags(packet: Uint8Array | undefined): SegmentInfo | null {
  if (packet === undefined) return null;
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  if (bytes.toString("latin1", 0, 8) !== "OpusTags") return null;
  const found = new Map<string, string>();
  try {
    let at = 12 + bytes.readUInt32LE(8);
    const count = bytes.readUInt32LE(at);
    at += 4;
    for (let i = 0; i < count && at < bytes.length; i++) {
      const end = at + 4 + bytes.readUInt32LE(at);
      const [name = "", ...rest] = bytes.toString("utf8", at + 4, end).split("=");
      found.set(name, rest.join("="));
      at = end;
    }
  } catch {
    return null;
  }
  const callId = found.get(NAMES.callId);
  const epoch = Number(found.get(NAMES.epoch));
  const startMs = Number(found.get(NAMES.startMs));
  const isOurs = callId && Number.isSafeInteger(epoch) && epoch >= 1 && startMs >= 0 && startMs <= MOST_MS;
  return isOurs ? { callId, epoch, startMs } : null;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
