import type { Row } from "./rows.ts";
import { scenario } from "./scenario.ts";

const SLOWER = 1.1;

/** How many calls this machine holds, of the numbers that were tried: as fast as one call, nothing lost, nothing choppy. */
export const callsHeld: Row = {
  name: "calls held at p95 ≤ 1.1 × one call's",
  value({ scenarios }) {
    const loads = scenarios
      .map((result) => ({ ...result, kind: scenario(result.scenario).kind }))
      .filter(({ kind }) => kind === "turns" || kind === "steady")
      .sort((a, b) => a.callers - b.callers);
    const one = loads.find(({ callers }) => callers === 1)?.latency?.p95;
    if (one === undefined || loads.length < 2) return { main: null };
    const held = loads.filter(
      ({ latency, lostTurns, choppy, failedJoins }) =>
        latency !== null && latency.p95 <= SLOWER * one && lostTurns + choppy + failedJoins === 0,
    );
    return { main: Math.max(0, ...held.map(({ callers }) => callers)) };
  },
};
