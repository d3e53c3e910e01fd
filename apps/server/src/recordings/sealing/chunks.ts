import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { ParleyError } from "@parley/engine";
import { type NumberedBox, numberedBoxOf, TAG_BYTES } from "@parley/engine/sealing";
import type { ByteRange, RecordingStorage } from "../storage/storage.ts";

export const CHUNK_BYTES = 64 * 1024;
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;

const chunksOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / CHUNK_BYTES));

/** How long a sealed file is. */
export const sealedLength = (bytes: number): number => bytes + chunksOf(bytes) * TAG_BYTES;

/**
 * A file in chunks of 64 KiB, each sealed by AES-256-GCM. Its place and whether it is the last one are in its nonce, so
 * that a file that was cut, or whose chunks changed places, does not open. `key`: 32 bytes, of this one file. Others are
 * let through between two of them.
 */
export async function sealFile(key: Buffer, bytes: Uint8Array): Promise<Buffer> {
  const sealed = Buffer.alloc(sealedLength(bytes.length));
  const count = chunksOf(bytes.length);
  const box = numberedBoxOf(key);
  for (let index = 0; index < count; index++) {
    const chunk = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    sealed.set(box.seal(nonceOf(index, index === count - 1), chunk), index * SEALED_BYTES);
    await setImmediate();
  }
  return sealed;
}

/**
 * Reads a part of a sealed file, and of the storage only the chunks that hold it. `bytes`: the file's length before it
 * was sealed. The stream ends with `recording-file-altered` at a chunk that does not open.
 */
export async function readSealed(
  storage: Pick<RecordingStorage, "read">,
  object: string,
  { key, bytes, range }: { key: Buffer; bytes: number; range: ByteRange },
): Promise<Readable> {
  if (range.end <= range.start) return Readable.from([]);
  const count = chunksOf(bytes);
  const [first, last] = [Math.floor(range.start / CHUNK_BYTES), Math.floor((range.end - 1) / CHUNK_BYTES)];
  const start = first * SEALED_BYTES;
  const body = await storage.read(object, { start, end: Math.min((last + 1) * SEALED_BYTES, sealedLength(bytes)) });

  const box = numberedBoxOf(key);
  async function* opened() {
    let index = first;
    for await (const sealed of inPieces(body, SEALED_BYTES)) {
      const chunk = openChunk(box, sealed, index, index === count - 1);
      const at = index * CHUNK_BYTES;
      yield chunk.subarray(Math.max(0, range.start - at), Math.max(0, range.end - at));
      index++;
    }
  }
  return Readable.from(opened(), { objectMode: false });
}

function openChunk(box: NumberedBox, sealed: Buffer, index: number, isLast: boolean): Buffer {
  const chunk = box.open(nonceOf(index, isLast), sealed);
  if (chunk !== null) return chunk;
  throw new ParleyError(`The recording's file was altered: chunk ${index} does not open.`, {
    code: "recording-file-altered",
    category: "internal",
  });
}

function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt8(isLast ? 1 : 0, 0);
  nonce.writeBigUInt64BE(BigInt(index), 4);
  return nonce;
}

/** The same bytes in pieces of this length, the last one perhaps shorter. */
async function* inPieces(body: Readable, length: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of body) {
    held.push(chunk as Buffer);
    heldBytes += (chunk as Buffer).length;
    if (heldBytes < length) continue;
    let rest = Buffer.concat(held);
    for (; rest.length >= length; rest = rest.subarray(length)) yield rest.subarray(0, length);
    held = rest.length > 0 ? [rest] : [];
    heldBytes = rest.length;
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}
