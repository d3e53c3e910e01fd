import { createHmac, randomBytes } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ParleyError } from "@parley/engine";
import { z } from "zod";

const schema = z.object({
  livekitApiKey: z.string().min(1),
  /** livekit-server refuses less than 32 characters. */
  livekitApiSecret: z.string().min(32),
  workerKey: z.string().min(16),
  /** 32 bytes in base64; absent in folders of an earlier Parley. */
  secretKey: z.base64().length(44).optional(),
});

/** Secrets of the embedded parts, made once per data folder. */
export type Keys = Omit<z.infer<typeof schema>, "secretKey"> & { secretKey: string };

function freshKeys(): Keys {
  return {
    livekitApiKey: `parley${randomBytes(6).toString("hex")}`,
    livekitApiSecret: randomBytes(32).toString("base64url"),
    workerKey: randomBytes(32).toString("base64url"),
    secretKey: randomBytes(32).toString("base64"),
  };
}

/**
 * The folder's keys, made when it has none. The file is only for its owner, and of two starts at once both get the
 * same keys. @throws ParleyError `keys-unreadable`
 */
export function loadKeys(dataDir: string): Keys {
  const path = join(dataDir, "keys.json");
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const kept = read(path);
  if (kept) return kept;
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, `${JSON.stringify(freshKeys(), null, 2)}\n`, { mode: 0o600, flag: "wx" });
  try {
    // A link is made whole or not at all, and never over what is there.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const made = read(path);
  if (!made)
    throw new ParleyError(`${path} vanished while it was made`, { code: "keys-unreadable", category: "internal" });
  return made;
}

function read(path: string): Keys | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unreadable(path, error);
  }
  chmodSync(path, 0o600);
  try {
    const { secretKey, ...kept } = schema.parse(JSON.parse(text));
    // The same each time, so nothing need be written that two starts could race for.
    const derived = () => createHmac("sha256", kept.livekitApiSecret).update("parley secret key").digest("base64");
    return { ...kept, secretKey: secretKey ?? derived() };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): ParleyError {
  const message = `${path} holds the keys of the embedded LiveKit server and cannot be read; mend it, or remove it so that new keys are made`;
  return new ParleyError(message, { code: "keys-unreadable", category: "configuration", cause });
}
