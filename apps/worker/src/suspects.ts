import { statSync } from "node:fs";
import type { Slot } from "./slots.ts";

/** A call that wrote so shortly before the last one may have been the last to act. */
const NEAR_MS = 20;
/** Deaths beside a suspect that count as one of its own: the true culprit may write nothing at its end. */
const BYSTANDING = 3;

/**
 * The calls that may have killed the process which they shared: those that wrote to their logs last. A call writes before
 * it acts, so code that loops, exits or crashes does so right after a fact of its own call.
 */
export function suspectsOf(slots: readonly Slot[]): Set<Slot> {
  const wroteAt = new Map(slots.filter(({ call }) => call !== null).map((slot) => [slot, lastWriteOf(slot)]));
  const last = Math.max(...[...wroteAt.values()].filter((at) => at !== null));
  // A log that cannot be looked at clears nobody.
  return new Set([...wroteAt].filter(([, at]) => at === null || at >= last - NEAR_MS).map(([slot]) => slot));
}

/** Counts a death of its process against a call. */
export function charge(slot: Slot, isSuspect: boolean): void {
  slot.deaths++;
  if (isSuspect || ++slot.bystood % BYSTANDING === 0) slot.crashes++;
}

/** Unix ms; null when that cannot be known. */
function lastWriteOf({ call }: Slot): number | null {
  try {
    return call && statSync(call.logPath).mtimeMs;
  } catch {
    return null;
  }
}
