import fc from "fast-check";
import type { Rules } from "../../src/rules/index.ts";
import type { Coverage } from "../coverage.ts";
import { runSchedule } from "../run.ts";
import { type Schedule, schedules } from "../schedule.ts";
import { runTakeover } from "../takeover/run.ts";
import { type TakeoverSchedule, takeoverSchedules } from "../takeover/schedule.ts";
import type { Tally } from "../takeover/tally.ts";

/** Where to look: fast-check's own seed and, to replay one failure, its path. */
export interface Search {
  seed: number;
  runs: number;
  path?: string;
  /** Shrink a failure to a small schedule; slower. */
  shrink: boolean;
}

export interface Failure<S = Schedule> {
  seed: number;
  path: string;
  runs: number;
  shrinks: number;
  /** The invariant that was broken, or "error" when something threw. */
  invariant: string;
  message: string;
  schedule: S;
}

/** Runs random calls until one breaks an invariant; null when none does. */
export function searchFailure(search: Search, rules: Rules, coverage?: Coverage): Failure | null {
  return searchIn(search, schedules, (schedule) => runSchedule(schedule, rules, coverage));
}

/** The same for a call's log that changes hands; `without` names the rule of its protocol that is not kept. */
export function searchTakeover(
  search: Search,
  without: string | null,
  tally?: Tally,
): Failure<TakeoverSchedule> | null {
  return searchIn(search, takeoverSchedules, (schedule) => runTakeover(schedule, without, tally));
}

function searchIn<S>(search: Search, all: fc.Arbitrary<S>, run: (schedule: S) => unknown): Failure<S> | null {
  const property = fc.property(all, (schedule) => {
    run(schedule);
  });
  const { seed, runs, path, shrink } = search;
  const details = fc.check(property, {
    seed,
    numRuns: runs,
    ...(path === undefined ? {} : { path }),
    endOnFailure: !shrink,
  });
  if (!details.failed || !details.counterexample) return null;
  const error = details.errorInstance;
  const broken = error instanceof Error && "invariant" in error ? String(error.invariant) : null;
  return {
    seed: details.seed,
    path: details.counterexamplePath ?? "",
    runs: details.numRuns,
    shrinks: details.numShrinks,
    invariant: broken ?? "error",
    message: error instanceof Error ? String(broken ? error.message : error.stack) : String(error),
    schedule: details.counterexample[0],
  };
}
