import { basename } from "node:path";

/** What a call file's name says: `<callId>.<epoch>.ndjson`. */
export interface CallFileName {
  callId: string;
  epoch: number;
}

/** The name of the file that holds a call's facts of one epoch, one JSON object a line. */
export function callFileName(callId: string, epoch: number): string {
  return `${callId}.${epoch}.ndjson`;
}

/** Null for anything that is not a call file. */
export function parseCallFileName(path: string): CallFileName | null {
  const match = /^([\w.:-]{1,128})\.(\d{1,10})\.ndjson$/.exec(basename(path));
  const epoch = Number(match?.[2]);
  return match?.[1] !== undefined && epoch >= 1 ? { callId: match[1], epoch } : null;
}

/** Where it is remembered how much of a call file the server has. */
export function ackPath(path: string): string {
  return `${path}.ack`;
}
