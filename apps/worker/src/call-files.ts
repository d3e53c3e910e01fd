import { readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** A file that was written to this recently may belong to a call of another worker that shares the folder. */
const QUIET_MS = 15 * 60_000;

export interface CallFile {
  name: string;
  callId: string;
  bytes: number;
  modifiedMs: number;
}

/** `<callId>.<epoch>.ndjson` files of a folder, oldest first. */
export function listCallFiles(dir: string): CallFile[] {
  const files: CallFile[] = [];
  for (const name of readdirSync(dir)) {
    const callId = /^(.+)\.\d+\.ndjson$/.exec(name)?.[1];
    if (callId === undefined) continue;
    const stat = statSync(join(dir, name), { throwIfNoEntry: false });
    if (stat?.isFile()) files.push({ name, callId, bytes: stat.size, modifiedMs: stat.mtimeMs });
  }
  return files.sort((a, b) => a.modifiedMs - b.modifiedMs);
}

/** Which files go so that the rest fits: the oldest finished ones; a running call's file never. */
export function beyondCap(files: readonly CallFile[], maxBytes: number, running: ReadonlySet<string>, nowMs: number) {
  let excess = files.reduce((sum, file) => sum + file.bytes, 0) - maxBytes;
  const gone: CallFile[] = [];
  for (const file of files) {
    if (excess <= 0) break;
    if (running.has(file.callId) || nowMs - file.modifiedMs < QUIET_MS) continue;
    gone.push(file);
    excess -= file.bytes;
  }
  return gone;
}

/** Removes the oldest finished call files beyond the cap; returns what was removed. */
export function trimCallFiles(dir: string, maxBytes: number, running: ReadonlySet<string>, nowMs: number): CallFile[] {
  const gone = beyondCap(listCallFiles(dir), maxBytes, running, nowMs);
  for (const file of gone) unlinkSync(join(dir, file.name));
  return gone;
}
