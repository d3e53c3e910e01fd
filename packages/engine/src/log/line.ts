import { type Fact, parseFact } from "@parley/conversation";
import type { LineSeal } from "./sealed-lines.ts";

/** Where a fact stands, known even of a fact that can't be read. */
export interface Place {
  callId: string;
  epoch: number;
  seq: number;
}

export type ReadLine =
  | { kind: "fact"; fact: Fact }
  /** `place` is null when not even that can be made out; `newerVersion` is that of a newer Parley's fact; foreign: its key is not here. */
  | { kind: "unreadable"; place: Place | null; newerVersion: number | null; message: string; isForeign?: true };

const UNREADABLE = { kind: "unreadable", place: null, newerVersion: null } as const;
const FOREIGN = "sealed with a key that is not here: PARLEY_FILES_KEY must list the one that it was written with";

/** One line of a call file. */
export function readLine(line: string, lines: LineSeal): ReadLine {
  const text = lines.open(line);
  if (text === null) return { ...UNREADABLE, isForeign: true, message: FOREIGN };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ...UNREADABLE, message: "not JSON (cut in the middle?)" };
  }
  return readValue(value);
}

/** One fact as it came from anywhere. */
export function readValue(value: unknown): ReadLine {
  const parsed = parseFact(value);
  if (parsed.ok) return { kind: "fact", fact: parsed.fact };
  const newerVersion = parsed.reason === "newer" ? (value as { version: number }).version : null;
  return { kind: "unreadable", place: placeOf(value), newerVersion, message: parsed.message };
}

function placeOf(value: unknown): Place | null {
  if (typeof value !== "object" || value === null) return null;
  const { callId, epoch, seq } = value as Record<string, unknown>;
  if (typeof callId !== "string" || !isCount(epoch) || !isCount(seq)) return null;
  return { callId, epoch, seq };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
