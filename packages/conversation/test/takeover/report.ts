import type { Failure } from "../pool/search.ts";
import type { TakeoverSchedule } from "./schedule.ts";

/** What broke, on what, and the one command that shows it again. */
export function failureReport({ seed, path, runs, shrinks, message, schedule }: Failure<TakeoverSchedule>): string {
  const file = "packages/conversation/test/takeover.property.test.ts";
  return `${message}
  found in run ${runs} with seed ${seed}, made smaller ${shrinks} times:
  ${JSON.stringify(schedule)}
  again: PARLEY_SEED=${seed} PARLEY_PATH=${path} npx vitest run --project properties ${file}`;
}
