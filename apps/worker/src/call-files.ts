import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** One writer per call and epoch: an epoch's file is never opened again. */
export function callFile(callsDir: string, callId: string, epoch: number): string {
  return join(callsDir, `${callId}.${epoch}.ndjson`);
}

/**
 * The log file for a new epoch: neither one that is there, nor an epoch up to `lastEpoch`, whose file may have been
 * shipped and removed.
 */
export function nextLogFile(callsDir: string, callId: string, lastEpoch = 0): { epoch: number; path: string } {
  for (let epoch = lastEpoch + 1; ; epoch++) {
    const path = callFile(callsDir, callId, epoch);
    if (!existsSync(path)) return { epoch, path };
  }
}

/** The files that there are of a call's epochs after `afterEpoch`, oldest first. */
export function logFilesOf(callsDir: string, callId: string, afterEpoch = 0): string[] {
  const epochOf = (name: string): number => Number(name.slice(callId.length + 1, -".ndjson".length));
  return readdirSync(callsDir)
    .filter((name) => name.startsWith(`${callId}.`) && name.endsWith(".ndjson") && epochOf(name) > afterEpoch)
    .sort((a, b) => epochOf(a) - epochOf(b))
    .map((name) => join(callsDir, name));
}
