import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { callFileName } from "../files/name.ts";

export interface LoggedFact {
  callId: string;
  epoch: number;
  seq: number;
  at: number;
  version: number;
  type: string;
  [field: string]: unknown;
}

export function fact(callId: string, seq: number, epoch = 1, more: object = {}): LoggedFact {
  return { callId, epoch, seq, at: seq * 10, version: 1, type: seq === 1 ? "call-started" : "speech-started", ...more };
}

export const facts = (callId: string, first: number, last: number, epoch = 1): LoggedFact[] =>
  Array.from({ length: last - first + 1 }, (_, index) => fact(callId, first + index, epoch));

export const closed = (callId: string, seq: number, epoch = 1): LoggedFact =>
  fact(callId, seq, epoch, { type: "call-closed", reason: "hung up" });

/** Writes as a shard does: whole lines, at once, at the file's end. */
export function write(dir: string, lines: readonly (LoggedFact | string)[], callId?: string, epoch?: number): string {
  const first = lines.find((line) => typeof line !== "string") as LoggedFact | undefined;
  const path = join(dir, callFileName(callId ?? first?.callId ?? "", epoch ?? first?.epoch ?? 1));
  appendFileSync(path, lines.map((line) => (typeof line === "string" ? line : `${JSON.stringify(line)}\n`)).join(""));
  return path;
}

/** The seqs 1 to `last`. */
export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
