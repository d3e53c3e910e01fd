import { createHash } from "node:crypto";
import { boxOf } from "../sealing/box.ts";

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
  const known = new Map(keys.map((text) => [idOf(text), boxOf(Buffer.from(text, "base64"))]));
  const [first] = known;
  if (first === undefined) return PLAIN_LINES;
  const [currentId, current] = first;
  return {
    seal: (line) => `k1.${currentId}.${current.seal(line, "").toString("base64")}`,
    open(line) {
      const [, id = "", sealed = ""] = SEALED.exec(line) ?? [];
      if (sealed === "") return line;
      const box = known.get(id);
      return box === undefined ? null : (box.open(Buffer.from(sealed, "base64"), "")?.toString("utf8") ?? line);
    },
  };
}

/** Says which key it was, and nothing of the key. */
function idOf(key: string): string {
  return createHash("sha256")
    .update("parley call files")
    .update(Buffer.from(key, "base64"))
    .digest("base64url")
    .slice(0, 11);
}
