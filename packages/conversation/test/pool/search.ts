import fc from "fast-check";
import type { Rules } from "../../src/rules/index.ts";
import type { Coverage } from "../coverage.ts";
import { runSchedule } from "../run.ts";
import { type Schedule, schedules } from "../schedule.ts";
import { Violation } from "../violation.ts";

/** Where to look: fast-check's own seed and, to replay one failure, its path. */
export interface Search {
  seed: number;
  runs: number;
  path?: string;
  /** Shrink a failure to a small schedule; slower. */
  shrink: boolean;
}

export interface Failure {
  seed: number;
  path: string;
  runs: number;
  shrinks: number;
  /** The invariant that was broken, or "error" when something threw. */
  invariant: string;
  message: string;
  schedule: Schedule;
}

/** Runs random schedules until one breaks an invariant; null when none does. */
export function searchFailure(search: Search, rules: Rules, coverage?: Coverage): Failure | null {
  const property = fc.property(schedules, (schedule) => {
    runSchedule(schedule, rules, coverage);
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
  return {
    seed: details.seed,
    path: details.counterexamplePath ?? "",
    runs: details.numRuns,
    shrinks: details.numShrinks,
    invariant: error instanceof Violation ? error.invariant : "error",
    message: error instanceof Violation ? error.message : error instanceof Error ? String(error.stack) : String(error),
    schedule: details.counterexample[0],
  };
}
