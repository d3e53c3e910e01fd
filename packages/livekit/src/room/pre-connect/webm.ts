/** EBML ids of the elements that hold others on the way to a block (RFC 9559). */
const CONTAINERS = new Set([0x18538067 /* Segment */, 0x1f43b675 /* Cluster */, 0xa0 /* BlockGroup */]);
const SIMPLE_BLOCK = 0xa3;
const BLOCK = 0xa1;
const LACING = 0x06;

/**
 * The packets of the one track in a WebM recording, as a browser's MediaRecorder streams it: segments and clusters
 * may have no size, the end may be missing. What cannot be read ends the list.
 */
export function webmPackets(file: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let at = 0;
  while (at < file.length) {
    const id = readId(file, at);
    const size = id && readSize(file, id.end);
    if (!id || !size) break;
    if (CONTAINERS.has(id.value)) {
      at = size.end;
      continue;
    }
    const end = size.value === null ? file.length : size.end + size.value;
    if (end > file.length) break;
    if (id.value === SIMPLE_BLOCK || id.value === BLOCK) {
      const packet = blockPayload(file.subarray(size.end, end));
      if (packet) packets.push(packet);
    }
    at = end;
  }
  return packets;
}

/** A block is: track number (a vint), 16-bit time, flags, data. Laced blocks hold no Opus in practice. */
function blockPayload(block: Uint8Array): Uint8Array | null {
  const track = readSize(block, 0);
  if (!track || track.end + 3 > block.length) return null;
  const flags = block[track.end + 2]!;
  return (flags & LACING) === 0 ? block.subarray(track.end + 3) : null;
}

function readId(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  const first = bytes[at] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 4 || at + length > bytes.length) return null;
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i]!;
  return { value, end: at + length };
}

/** Null as the value means "unknown": all its bits are ones. */
function readSize(bytes: Uint8Array, at: number): { value: number | null; end: number } | null {
  const first = bytes[at] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8 || at + length > bytes.length) return null;
  let value = first & (0xff >> length);
  let unknown = value === 0xff >> length;
  for (let i = 1; i < length; i++) {
    value = value * 256 + bytes[at + i]!;
    unknown &&= bytes[at + i] === 0xff;
  }
  return { value: unknown ? null : value, end: at + length };
}
