import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";

/**
 * A sealed file: a head of 32 bytes (eight of name, eight that say which key, sixteen of counter), then the recording in
 * AES-256-CTR, byte for byte at its place. It can be cut anywhere and read from anywhere. It is not authenticated: plain files are
 * taken too, so whoever may write here could put one in its place.
 */
const NAME = Buffer.from("PARLEYR1");
const HEAD_BYTES = 32;
const BLOCK_BYTES = 16;
const ALGORITHM = "aes-256-ctr";

export interface SegmentSeal {
  /** What the file begins with. */
  head: Uint8Array;
  /** The next bytes, in order. */
  seal(bytes: Uint8Array): Uint8Array;
}

/** `key`: 32 bytes in base64, as PARLEY_FILES_KEY has them. */
export function segmentSeal(key: string): SegmentSeal {
  const counter = randomBytes(BLOCK_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyOf(key), counter);
  return { head: Buffer.concat([NAME, idOf(key), counter]), seal: (bytes) => cipher.update(bytes) };
}

/** A recording's file as it was before it was sealed. */
export interface OpenedFile {
  /** Of the recording, without what sealing adds. */
  sizeBytes: number;
  /** Fewer bytes at the end. Rejects with what the disk says. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Rejects when its key is not among `keys`. */
export async function openSegmentFile(path: string, sizeBytes: number, keys: readonly string[]): Promise<OpenedFile> {
  const head = await readAt(path, 0, Math.min(HEAD_BYTES, sizeBytes));
  if (!head.subarray(0, NAME.length).every((byte, i) => byte === NAME[i]) || head.length < HEAD_BYTES)
    return { sizeBytes, read: (offset, length) => readAt(path, offset, Math.min(length, sizeBytes - offset)) };
  const key = keys.find((candidate) => idOf(candidate).equals(head.subarray(NAME.length, NAME.length + 8)));
  if (key === undefined) throw new Error("it is sealed with a key that is not here (PARLEY_FILES_KEY)");
  const counter = head.subarray(HEAD_BYTES - BLOCK_BYTES);
  return {
    sizeBytes: sizeBytes - HEAD_BYTES,
    async read(offset, length) {
      const skipped = offset % BLOCK_BYTES;
      const from = offset - skipped;
      const wanted = Math.min(length + skipped, sizeBytes - HEAD_BYTES - from);
      const sealed = await readAt(path, HEAD_BYTES + from, wanted);
      const decipher = createDecipheriv(ALGORITHM, keyOf(key), counterAt(counter, from / BLOCK_BYTES));
      return new Uint8Array(decipher.update(sealed)).subarray(skipped);
    },
  };
}

async function readAt(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  if (length <= 0) return new Uint8Array(0);
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function counterAt(first: Uint8Array, blocks: number): Buffer {
  const sum = BigInt(`0x${Buffer.from(first).toString("hex")}`) + BigInt(blocks);
  return Buffer.from(BigInt.asUintN(128, sum).toString(16).padStart(32, "0"), "hex");
}

/** Not the key itself: that one seals lines of call files. */
function keyOf(key: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", Buffer.from(key, "base64"), "", "parley recordings", 32));
}

/** Says which key it was, and nothing of the key. */
function idOf(key: string): Buffer {
  return createHash("sha256").update("parley recordings").update(Buffer.from(key, "base64")).digest().subarray(0, 8);
}
