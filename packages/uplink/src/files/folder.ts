import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { UplinkLog } from "../log.ts";
import { removeCallFile } from "./ack.ts";
import { asItIs, type OpenLine } from "./lines.ts";
import { type CallFileName, parseCallFileName } from "./name.ts";

const MIB = 1024 * 1024;
/** Below this part of the cap there is room again, so that it does not flap. */
const ROOM_AGAIN = 0.9;

/** A file that nobody has written to for that long belongs to no running call. */
export const ABANDONED_MS = 24 * 3600 * 1000;

export interface CallFile extends CallFileName {
  path: string;
  sizeBytes: number;
  modifiedMs: number;
}

/** Every call file of the folder with its size, by call and epoch. Makes the folder when it is missing. */
export async function listCallFiles(dir: string): Promise<CallFile[]> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const files = await Promise.all((await readdir(dir)).map((entry) => callFile(dir, entry)));
  return files
    .filter((file) => file !== null)
    .sort((a, b) => (a.callId < b.callId ? -1 : a.callId > b.callId ? 1 : a.epoch - b.epoch));
}

/** The call file of this name as it is now; null when it is none, or gone. */
export async function callFile(dir: string, entry: string): Promise<CallFile | null> {
  const name = parseCallFileName(entry);
  if (name === null) return null;
  const path = join(dir, entry);
  const info = await stat(path).catch(() => null);
  return info?.isFile() ? { ...name, path, sizeBytes: info.size, modifiedMs: info.mtimeMs } : null;
}

/** Notes whose call file is gone: what a crash between the two deletions leaves. */
export async function removeLoneAcks(dir: string): Promise<void> {
  const names = new Set(await readdir(dir).catch(() => []));
  for (const name of names) {
    if (name.endsWith(".ndjson.ack") && !names.has(name.slice(0, -".ack".length)))
      await rm(join(dir, name), { force: true });
  }
}

/** True when the file's last line is the call's last fact. */
export async function hasEnded(file: CallFile, openLine: OpenLine = asItIs): Promise<boolean> {
  const tailBytes = Math.min(file.sizeBytes, 4_096);
  const handle = await open(file.path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(tailBytes), 0, tailBytes, file.sizeBytes - tailBytes);
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
    if (lines.at(-1) !== "") return false;
    return (JSON.parse(openLine(lines.at(-2) ?? "") ?? "") as { type?: unknown }).type === "call-closed";
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

export interface DiskCap {
  /** Holds the folder under its cap; `isDisposable` says which files may go, oldest first. Returns what was removed. */
  enforce(
    files: readonly CallFile[],
    isDisposable: (file: CallFile) => boolean | Promise<boolean>,
  ): Promise<CallFile[]>;
  /** False while the folder is over its cap: take no new calls. */
  hasRoom(): boolean;
}

export function diskCap({ capMiB, dir, log }: { capMiB: number; dir: string; log: UplinkLog }): DiskCap {
  const capBytes = capMiB * MIB;
  let full = false;
  return {
    hasRoom: () => !full,
    async enforce(files, isDisposable) {
      let totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
      const removed: CallFile[] = [];
      if (totalBytes > capBytes) {
        for (const file of [...files].sort((a, b) => a.modifiedMs - b.modifiedMs)) {
          if (totalBytes <= capBytes * ROOM_AGAIN) break;
          if (!(await isDisposable(file))) continue;
          await removeCallFile(file.path);
          totalBytes -= file.sizeBytes;
          removed.push(file);
          log.info(
            { callId: file.callId, epoch: file.epoch, capMiB },
            "removed a finished call file to stay under the cap",
          );
        }
      }
      if (!full && totalBytes > capBytes) {
        full = true;
        log.error(
          { dir, capMiB, usedMiB: Math.ceil(totalBytes / MIB) },
          "call files that are not yet shipped fill their cap: no new calls until the server has taken some (is BACKEND_URL reachable?) or the cap is raised",
        );
      } else if (full && totalBytes <= capBytes * ROOM_AGAIN) {
        full = false;
        log.info({ dir, capMiB }, "there is room for call files again");
      }
      return removed;
    },
  };
}
