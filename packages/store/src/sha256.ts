import { createHash } from "node:crypto";

/** Keys are long and random, so a plain SHA-256 is enough: there is nothing to guess. */
export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
