import type { Fact } from "../src/facts/index.ts";
import { callRules } from "../src/rules/index.ts";
import type { Coverage } from "./coverage.ts";
import type { Failure } from "./pool/search.ts";
import { type Schedule, settingsOf } from "./schedule.ts";
import { World } from "./world/world.ts";

/** What broke, on what, and the one command that shows it again. */
export function failureReport(failure: Failure): string {
  const { seed, path, runs, shrinks, message, schedule } = failure;
  const command = `PARLEY_SEED=${seed} PARLEY_PATH=${path} npx vitest run --project properties packages/conversation/test/calls.property.test.ts`;
  return `${message}
  found in run ${runs} with seed ${seed}, made smaller ${shrinks} times:
  ${JSON.stringify(schedule)}
  again, with its log: ${command}`;
}

/** A call as it happened, fact by fact. */
export function logReport(schedule: Schedule): string {
  const world = new World(schedule, callRules);
  let end = "the call ran to its end";
  try {
    world.run();
  } catch (error) {
    end = String(error);
  }
  return [JSON.stringify(settingsOf(schedule)), ...world.log.map(line), end].join("\n");
}

function line(fact: Fact): string {
  const { callId: _callId, version: _version, seq, at, epoch, type, ...body } = fact;
  const text = JSON.stringify("settings" in body ? { ...body, settings: "…" } : body);
  return `${seq} e${epoch} ${Math.round(at)} ms  ${type} ${text.slice(0, 240)}`;
}

export function coverageReport(coverage: Coverage, tookMs: number): string {
  const { calls, facts, crashes, decisions, transitions } = coverage;
  const seconds = (tookMs / 1000).toFixed(0);
  return [
    `${calls} calls, ${facts} facts, ${crashes} processes killed, ${seconds} s`,
    "",
    "decisions and reasons",
    ...table(decisions),
    "",
    `transitions: concern | fact | before -> after (${transitions.size})`,
    ...table(transitions),
  ].join("\n");
}

function table(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, times]) => `${String(times).padStart(9)}  ${key}`);
}
