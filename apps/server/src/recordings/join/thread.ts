import { parentPort, workerData } from "node:worker_threads";
import { joinSegments, readSegment } from "@parley/recording";

export interface JoinRequest {
  callId: string;
  files: readonly Uint8Array[];
}

export type JoinReply =
  | { joined: { bytes: Uint8Array<ArrayBuffer>; startMs: number; durationMs: number }; leftOut: number }
  | { failure: string };

/** Of one call, and readable: one broken file does not take the others' sound with it. */
function isGood(file: Uint8Array, callId: string): boolean {
  try {
    return readSegment(file).callId === callId;
  } catch {
    return false;
  }
}

function reply({ callId, files }: JoinRequest): JoinReply {
  try {
    const good = files.filter((file) => isGood(file, callId));
    const { bytes, startMs, durationMs } = joinSegments(good);
    return { joined: { bytes, startMs, durationMs }, leftOut: files.length - good.length };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(reply(workerData as JoinRequest));
