import type { SeenPause } from "./policy.ts";

/** A usual pause inside a turn, ms: what is expected of a caller of whom nothing is known. */
const USUAL_MS = 450;
/** It weighs as much as so many pauses of the caller's own. */
const PRIOR = 2;
/** Callers differ by more than their pauses so far show. */
const CURVE = 1.5;
const LEAST = 0.3;
const MOST = 4;

/** How this caller's pauses compare with usual ones: 1 is like everybody, 2 calls for twice the patience. */
export function paceOf(pauses: readonly SeenPause[]): number {
  if (pauses.length === 0) return 1;
  const sum = pauses.reduce((total, { ms }) => total + Math.log(Math.max(1, ms) / USUAL_MS), 0);
  return Math.min(MOST, Math.max(LEAST, Math.exp((CURVE * sum) / (pauses.length + PRIOR))));
}

/** How much a full stop is worth: 1 until some turned out to stand inside turns, 0 when they stand everywhere. */
export function trustInStops(pauses: readonly SeenPause[]): number {
  const wrong = pauses.filter((pause) => pause.stopped).length;
  return Math.max(0, 1 - (1.5 * wrong) / (pauses.length + PRIOR));
}
