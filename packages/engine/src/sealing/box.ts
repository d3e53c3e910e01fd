import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
/** Of what shows that nothing was altered. */
export const TAG_BYTES = 16;
/** Random bytes are asked for in bulk: one by one they cost as much as the sealing. */
const ivs = Buffer.alloc(IV_BYTES * 1_024);
let nextIv = ivs.length;

/** What is sealed with one key; `about` says what it is, and it opens as nothing else. */
export interface Box {
  seal(plain: Uint8Array | string, about: string): Buffer;
  /** Null: it was altered, cut, or is not of this key or not that. */
  open(sealed: Uint8Array, about: string): Buffer | null;
}

/**
 * AES-256-GCM: 12 random bytes of IV, then what was sealed, and 16 of tag before it, or behind it. `key`: 32 bytes. All that
 * Parley seals stands on this file; formats differ in what they write around it.
 */
export function boxOf(key: Buffer, tagStands: "before" | "behind" = "before"): Box {
  // Node takes a key that it has prepared three times as fast.
  const secret = createSecretKey(key);
  return {
    seal(plain, about) {
      const iv = freshIv();
      const [body, tag] = sealUnder(secret, iv, plain, about);
      return Buffer.concat(tagStands === "before" ? [iv, tag, body] : [iv, body, tag]);
    },
    open(sealed, about) {
      if (sealed.length < IV_BYTES + TAG_BYTES) return null;
      const iv = sealed.subarray(0, IV_BYTES);
      const rest = sealed.subarray(IV_BYTES);
      return tagStands === "before"
        ? openUnder(secret, iv, rest.subarray(TAG_BYTES), rest.subarray(0, TAG_BYTES), about)
        : openUnder(secret, iv, rest.subarray(0, -TAG_BYTES), rest.subarray(-TAG_BYTES), about);
    },
  };
}

/** Pieces that are counted, so that no IV need lie beside them. */
export interface NumberedBox {
  /** `nonce`: 12 bytes, never twice with one key. What was sealed, then 16 bytes of tag. */
  seal(nonce: Uint8Array, plain: Uint8Array): Buffer;
  /** Null: it was altered, cut, or is not of this key or not of this nonce. */
  open(nonce: Uint8Array, sealed: Uint8Array): Buffer | null;
}

/** AES-256-GCM. `key`: 32 bytes. */
export function numberedBoxOf(key: Buffer): NumberedBox {
  const secret = createSecretKey(key);
  return {
    seal: (nonce, plain) => Buffer.concat(sealUnder(secret, nonce, plain, "")),
    open(nonce, sealed) {
      if (sealed.length < TAG_BYTES) return null;
      return openUnder(secret, nonce, sealed.subarray(0, -TAG_BYTES), sealed.subarray(-TAG_BYTES), "");
    },
  };
}

function freshIv(): Uint8Array {
  if (nextIv === ivs.length) {
    randomFillSync(ivs);
    nextIv = 0;
  }
  nextIv += IV_BYTES;
  return ivs.subarray(nextIv - IV_BYTES, nextIv);
}

function sealUnder(key: KeyObject, iv: Uint8Array, plain: Uint8Array | string, about: string): [Buffer, Buffer] {
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(about));
  const body = typeof plain === "string" ? cipher.update(plain, "utf8") : cipher.update(plain);
  cipher.final();
  return [body, cipher.getAuthTag()];
}

function openUnder(key: KeyObject, iv: Uint8Array, body: Uint8Array, tag: Uint8Array, about: string): Buffer | null {
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(about))
    .setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    return null;
  }
}
