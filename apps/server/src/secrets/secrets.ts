import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { HttpProblem } from "../http/problem.ts";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^s1\.([\w-]{11})\.([\w-]+)$/;

/** What others entrust to us, as it lies in the database. */
export interface Secrets {
  /**
   * `about`: whose secret it is, such as `agents/<id>`; it opens for nothing else, so that rows can't be swapped.
   * Throws HttpProblem 503 `secret-key-missing`.
   */
  seal(text: string, about: string): string;
  /** Throws HttpProblem 503 `secret-key-missing`, `secret-unreadable`. */
  open(sealed: string, about: string): string;
}

/** AES-256-GCM. `keys`: 32 bytes each; the first one seals, all of them open. */
export function sealedSecrets(keys: readonly Buffer[]): Secrets {
  const known = new Map(keys.map((key) => [idOf(key), key]));
  const [first] = keys;
  return {
    seal(text, about) {
      if (first === undefined) throw missing();
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, first, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(about));
      const sealed = Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `s1.${idOf(first)}.${sealed.toString("base64url")}`;
    },
    open(sealed, about) {
      if (first === undefined) throw missing();
      const [, keyId = "", text = ""] = SEALED.exec(sealed) ?? [];
      const key = known.get(keyId);
      if (key === undefined) throw unreadable("it was sealed with a key that PARLEY_SECRET_KEY does not list");
      const bytes = Buffer.from(text, "base64url");
      if (bytes.length < IV_BYTES + TAG_BYTES) throw unreadable("it is cut short");
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(about))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
      } catch {
        throw unreadable("it was altered, or belongs to something else");
      }
    },
  };
}

/** Says which key it was, and nothing of the key. */
const idOf = (key: Buffer): string =>
  createHash("sha256").update("parley secret key").update(key).digest("base64url").slice(0, 11);

const missing = (): HttpProblem =>
  new HttpProblem(
    503,
    "secret-key-missing",
    "Secrets are kept only with a key: set PARLEY_SECRET_KEY on the server (openssl rand -base64 32).",
  );

const unreadable = (why: string): HttpProblem =>
  new HttpProblem(503, "secret-unreadable", `A stored secret cannot be opened: ${why}.`);
