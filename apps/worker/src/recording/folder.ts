import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";

const MIB = 1024 * 1024;

export interface SegmentFile {
  path: string;
  callId: string;
  epoch: number;
  sizeBytes: number;
  modifiedMs: number;
}

/** `<callId>.<epoch>.ogg`: what one process recorded of a call. */
export function segmentFileName(callId: string, epoch: number): string {
  return `${callId}.${epoch}.ogg`;
}

export function parseSegmentFileName(path: string): { callId: string; epoch: number } | null {
  const match = /^([A-Za-z0-9][A-Za-z0-9_-]{0,127})\.([1-9]\d{0,9})\.ogg$/.exec(basename(path));
  return match?.[1] && match[2] ? { callId: match[1], epoch: Number(match[2]) } : null;
}

/** The oldest first; a folder that is not there holds none. */
export function listSegments(dir: string): SegmentFile[] {
  const files: SegmentFile[] = [];
  for (const entry of entriesOf(dir)) {
    const name = parseSegmentFileName(entry);
    const path = join(dir, entry);
    const info = name && statSync(path, { throwIfNoEntry: false });
    if (name && info?.isFile()) files.push({ ...name, path, sizeBytes: info.size, modifiedMs: info.mtimeMs });
  }
  return files.sort((a, b) => a.modifiedMs - b.modifiedMs);
}

/** Whether recordings fill what they may take. */
export function isFull(dir: string, maxMb: number): boolean {
  return listSegments(dir).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) >= maxMb * MIB;
}

function entriesOf(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
