import { oggCrc } from "./crc.ts";

const CAPTURE = 0x5367674f; // "OggS"
const HEADER_BYTES = 27;
const CHECKSUM_AT = 22;
const MOST_LACES = 255;

export interface PageOptions {
  packets: readonly Uint8Array[];
  /** Samples at 48 kHz up to the end of the last packet. */
  granule: number;
  serial: number;
  sequence: number;
  first?: boolean;
  last?: boolean;
}

/** How many of a page's 255 laces a packet takes. */
export const lacesOf = (packet: Uint8Array): number => Math.floor(packet.length / 255) + 1;

/** One page of whole packets (RFC 3533). Throws RangeError when they do not fit: 255 laces, see `lacesOf`. */
export function encodePage({ packets, granule, serial, sequence, first, last }: PageOptions): Uint8Array<ArrayBuffer> {
  const laces = packets.flatMap((packet) => [...new Array<number>(lacesOf(packet) - 1).fill(255), packet.length % 255]);
  if (laces.length > MOST_LACES) throw new RangeError(`${laces.length} laces do not fit into a page`);
  const bodyAt = HEADER_BYTES + laces.length;
  const page = new Uint8Array(bodyAt + packets.reduce((sum, packet) => sum + packet.length, 0));
  const view = new DataView(page.buffer);
  view.setUint32(0, CAPTURE, true);
  view.setUint8(5, (first ? 2 : 0) | (last ? 4 : 0));
  view.setBigUint64(6, BigInt(granule), true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  view.setUint8(26, laces.length);
  page.set(laces, HEADER_BYTES);
  let at = bodyAt;
  for (const packet of packets) {
    page.set(packet, at);
    at += packet.length;
  }
  view.setUint32(CHECKSUM_AT, oggCrc(page, CHECKSUM_AT), true);
  return page;
}

export interface Page {
  /** Its place in the file, bytes. */
  offset: number;
  bytes: number;
  granule: number;
  serial: number;
  last: boolean;
  packets: Uint8Array[];
}

/** The whole, undamaged pages from the beginning of `file` on; what is cut off or broken ends the list. */
export function* readPages(file: Uint8Array): Generator<Page> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let offset = 0;
  while (offset + HEADER_BYTES <= file.length && view.getUint32(offset, true) === CAPTURE) {
    const laceCount = file[offset + 26]!;
    const bodyAt = offset + HEADER_BYTES + laceCount;
    if (bodyAt > file.length) return;
    const laces = file.subarray(offset + HEADER_BYTES, bodyAt);
    const end = bodyAt + laces.reduce((sum, lace) => sum + lace, 0);
    if (end > file.length) return;
    const page = file.subarray(offset, end);
    if (oggCrc(page, CHECKSUM_AT) !== view.getUint32(offset + CHECKSUM_AT, true)) return;
    // No page of ours goes on with a packet of the one before it.
    if ((page[5]! & 1) !== 0 || laces.at(-1) === 255) return;
    yield {
      offset,
      bytes: page.length,
      granule: Number(view.getBigUint64(offset + 6, true)),
      serial: view.getUint32(offset + 14, true),
      last: (page[5]! & 4) !== 0,
      packets: split(file.subarray(bodyAt, end), laces),
    };
    offset = end;
  }
}

function split(body: Uint8Array, laces: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let from = 0;
  let to = 0;
  for (const lace of laces) {
    to += lace;
    if (lace === 255) continue;
    packets.push(body.subarray(from, to));
    from = to;
  }
  return packets;
}
