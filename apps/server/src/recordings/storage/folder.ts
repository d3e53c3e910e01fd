import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { type ByteRange, checkedName, missing, type RecordingStorage, storageFailed, watched } from "./storage.ts";

const IDLE_MS = 15_000;

/** Files below a folder, readable by this user alone. `path`: absolute; made when it is first written to. */
export function folderStorage(path: string): RecordingStorage {
  const name = "folder";
  const fileOf = (object: string) => join(path, checkedName(object));
  /** One object has one writer, so what a killed one left is found by its name. */
  const partOf = (object: string) => `${fileOf(object)}.part`;

  return {
    name,
    async put(object, bytes) {
      const [file, part] = [fileOf(object), partOf(object)];
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await write(part, bytes);
        await rename(part, file);
        await syncFolder(dirname(file));
      } catch (error) {
        await rm(part, { force: true }).catch(() => undefined);
        throw storageFailed(`The recording could not be written to ${path}`, error);
      }
    },
    async read(object, { start, end }: ByteRange) {
      const handle = await open(fileOf(object), "r").catch((error: NodeJS.ErrnoException) => {
        throw error.code === "ENOENT" ? missing(object, path) : storageFailed(`${path} could not be read`, error);
      });
      const bytes = end - start;
      if (bytes <= 0) {
        await handle.close();
        return Readable.from([]);
      }
      return Readable.from(watched(handle.createReadStream({ start, end: end - 1 }), { bytes, idleMs: IDLE_MS }), {
        objectMode: false,
      });
    },
    async size(object) {
      try {
        return (await stat(fileOf(object))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw storageFailed(`${path} could not be read`, error);
      }
    },
    async delete(object) {
      try {
        await rm(fileOf(object), { force: true });
        await rm(partOf(object), { force: true });
      } catch (error) {
        throw storageFailed(`The recording could not be deleted from ${path}`, error);
      }
    },
    close() {},
  };
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** So that the new name survives the machine, too. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
