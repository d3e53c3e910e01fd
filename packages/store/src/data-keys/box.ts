import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Random bytes are asked for in bulk: one by one they cost as much as the sealing. */
const ivs = Buffer.alloc(IV_BYTES * 1_024);
let nextIv = ivs.length;

/** What is sealed with one key; `about` says what it is, and it opens as nothing else. */
export interface Box {
  seal(plain: Uint8Array | string, about: string): Buffer;
  /** Null: it was altered, cut, or is not of this key or not that. */
  open(sealed: Uint8Array, about: string): Buffer | null;
}

/** AES-256-GCM: 12 bytes of IV, 16 of tag, then what was sealed. `key`: 32 bytes. */
export function boxOf(key: Buffer): Box {
  // Node takes a key that it has prepared three times as fast.
  const secret = createSecretKey(key);
  return {
    seal: (plain, about) => seal(secret, plain, about),
    open: (sealed, about) => open(secret, sealed, about),
  };
}

function seal(key: KeyObject, plain: Uint8Array | string, about: string): Buffer {
  if (nextIv === ivs.length) {
    randomFillSync(ivs);
    nextIv = 0;
  }
  const iv = ivs.subarray(nextIv, nextIv + IV_BYTES);
  nextIv += IV_BYTES;
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(about));
  const body = typeof plain === "string" ? cipher.update(plain, "utf8") : cipher.update(plain);
  cipher.final();
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

function open(key: KeyObject, sealed: Uint8Array, about: string): Buffer | null {
  if (sealed.length < IV_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(about))
    .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Texts in columns that also hold plain ones. */
const SEALED = "k1.";

export function sealText(box: Box | null | undefined, text: string, about: string): string {
  return box ? `${SEALED}${box.seal(text, about).toString("base64url")}` : text;
}

/** A plain text as it is; null when the key is gone. */
export function openText(box: Box | null | undefined, text: string, about: string): string | null {
  if (!isSealedText(text)) return text;
  return box?.open(Buffer.from(text.slice(SEALED.length), "base64url"), about)?.toString("utf8") ?? null;
}

export function isSealedText(text: unknown): text is string {
  return typeof text === "string" && text.startsWith(SEALED);
}
