import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** A new number makes every machine speak its clips again. */
const CACHE_VERSION = 1;
const cacheFolder = path.join(tmpdir(), "parley-speech-clips");

/** What was made of the same key before, on this machine; `ending` is the file's. */
export async function cached(
  key: readonly string[],
  ending: string,
  make: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const hash = createHash("sha256").update(JSON.stringify([CACHE_VERSION, ...key]));
  const name = hash.digest("hex").slice(0, 32);
  try {
    return await readFile(path.join(cacheFolder, `${name}.${ending}`));
  } catch {
    return await keep(name, ending, await make());
  }
}

async function keep(name: string, ending: string, bytes: Uint8Array): Promise<Uint8Array> {
  try {
    await mkdir(cacheFolder, { recursive: true });
    // Test processes run side by side: nobody may read half a file.
    const unfinished = path.join(cacheFolder, `${name}.${randomUUID()}.part`);
    await writeFile(unfinished, bytes);
    await rename(unfinished, path.join(cacheFolder, `${name}.${ending}`));
  } catch {
    // No cache is slower, not wrong.
  }
  return bytes;
}
