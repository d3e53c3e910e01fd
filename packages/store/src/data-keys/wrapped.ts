import { createHash, randomBytes } from "node:crypto";
import { type Box, boxOf } from "@parley/engine/sealing";
import { StoreError } from "../error.ts";

/** A data key as it lies in the database. */
export interface WrappedKey {
  keyId: string;
  key: Buffer;
  /** Which secret key it is sealed with; null: with none. */
  sealedWith: string | null;
}

/** Seals data keys with the first of the secret keys, when there is one. */
export interface Wrapping {
  wrap(keyId: string, key?: Buffer): WrappedKey;
  /** Throws StoreError `data-key-unreadable`. */
  unwrap(wrapped: WrappedKey): Buffer;
  /** What new keys are sealed with; null: nothing. */
  current: string | null;
  /** All that can be opened. */
  known: readonly string[];
}

export function wrapping(secretKeys: readonly Buffer[]): Wrapping {
  const boxes = new Map<string, Box>(secretKeys.map((key) => [idOf(key), boxOf(key)]));
  const [current = null] = boxes.keys();
  return {
    current,
    known: [...boxes.keys()],
    wrap(keyId, key = randomBytes(32)) {
      const box = current === null ? undefined : boxes.get(current);
      if (box === undefined) return { keyId, key, sealedWith: null };
      return { keyId, key: box.seal(key, `data-key/${keyId}`), sealedWith: current };
    },
    unwrap({ keyId, key, sealedWith }) {
      if (sealedWith === null) return key;
      const opened = boxes.get(sealedWith)?.open(key, `data-key/${keyId}`) ?? null;
      if (opened === null) throw unreadable(sealedWith);
      return opened;
    },
  };
}

/** Says which key it was, and nothing of the key. */
function idOf(key: Buffer): string {
  return createHash("sha256").update("parley data keys").update(key).digest("base64url").slice(0, 11);
}

export function unreadable(sealedWith: string): StoreError {
  return new StoreError(
    `Data keys in this database are sealed with a secret key (${sealedWith}) that PARLEY_SECRET_KEY does not list. ` +
      "Add the one that was set before, behind the first; docs/erasure.md says what to do when it is lost.",
    { code: "data-key-unreadable", category: "configuration" },
  );
}
