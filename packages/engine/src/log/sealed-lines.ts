import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^k1\.([\w-]{11})\.([\w+/=]+)$/;

/** How the lines of call files are sealed, each by itself: a file that is cut is read up to there. */
export interface LineSeal {
  seal(line: string): string;
  /** A plain line as it is, and so what was damaged. Null: it is sealed with a key that is not here. */
  open(line: string): string | null;
}

/** Lines stay as they are; sealed ones are not read. */
export const PLAIN_LINES: LineSeal = {
  seal: (line) => line,
  open: (line) => (SEALED.test(line) ? null : line),
};

/** AES-256-GCM. `keys`: 32 bytes each in base64; the first seals, all of them open; none: lines stay plain. */
export function lineSeal(keys: readonly string[]): LineSeal {
  const known = new Map(keys.map((text) => [idOf(text), createSecretKey(Buffer.from(text, "base64"))]));
  const [first] = known;
  if (first === undefined) return PLAIN_LINES;
  const [currentId, current] = first;
  return {
    seal: (line) => `k1.${currentId}.${seal(current, line)}`,
    open(line) {
      const [, id = "", sealed = ""] = SEALED.exec(line) ?? [];
      if (sealed === "") return line;
      const key = known.get(id);
      return key === undefined ? null : (open(key, Buffer.from(sealed, "base64")) ?? line);
    },
  };
}

function seal(key: KeyObject, line: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  const body = cipher.update(line, "utf8");
  cipher.final();
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64");
}

function open(key: KeyObject, sealed: Buffer): string | null {
  if (sealed.length < IV_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  } catch {
    return null;
  }
}

/** Says which key it was, and nothing of the key. */
function idOf(key: string): string {
  return createHash("sha256")
    .update("parley call files")
    .update(Buffer.from(key, "base64"))
    .digest("base64url")
    .slice(0, 11);
}
