import { createHash } from "node:crypto";
import { boxOf } from "@parley/engine/sealing";
import { HttpProblem } from "../http/problem.ts";

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
  const known = new Map(keys.map((key) => [idOf(key), boxOf(key, "behind")]));
  const [first] = known;
  return {
    seal(text, about) {
      if (first === undefined) throw missing();
      const [id, box] = first;
      return `s1.${id}.${box.seal(text, about).toString("base64url")}`;
    },
    open(sealed, about) {
      if (first === undefined) throw missing();
      const [, keyId = "", text = ""] = SEALED.exec(sealed) ?? [];
      const box = known.get(keyId);
      if (box === undefined) throw unreadable("it was sealed with a key that PARLEY_SECRET_KEY does not list");
      const opened = box.open(Buffer.from(text, "base64url"), about);
      if (opened === null) throw unreadable("it was altered or cut, or belongs to something else");
      return opened.toString("utf8");
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
