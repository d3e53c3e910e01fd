import path from "node:path";
import { Meter } from "./meter.ts";
import type { Job } from "./options.ts";
import type { ScenarioResult, TargetResult } from "./result.ts";
import { runScenario } from "./run-scenario.ts";
import { runStarts } from "./run-starts.ts";
import { startStack } from "./stack.ts";
import { startAgent } from "./start-agent.ts";
import { sleep } from "./time.ts";

/** Processes that have just started still load and compile. */
const SETTLE_MS = 6000;
const BETWEEN_MS = 4000;

/**
 * One target through its scenarios: the starts first, each with a process of its own, then the rest with one process. It
 * fills in `result` as it goes and says so (`changed`), so that a run that is cut still has it. Throws when the target
 * can't be started.
 */
export async function runTarget(
  { target, scenarios }: Job,
  result: TargetResult,
  { logFolder, changed }: { logFolder: string; changed(): void },
): Promise<void> {
  const { run } = result;
  const name = `run${run}.${target.name}`;
  const stack = await startStack(logFolder, name);
  try {
    for (const scenario of scenarios.filter(({ kind }) => kind === "start")) {
      result.starts = await runStarts(scenario, { stack, target, logFolder, run });
      say(target.name, scenario.name, result.starts.greeting?.p50, result.starts.greeting?.max, result.starts.failed);
      changed();
    }
    const others = scenarios.filter(({ kind }) => kind !== "start");
    if (others.length === 0) return;
    const { child, registeredMs, dispatch } = await startAgent(
      target,
      stack,
      path.join(logFolder, `${name}.agent.log`),
    );
    try {
      await sleep(SETTLE_MS);
      result.registeredMs = registeredMs;
      result.idle = new Meter(child.pid).memory();
      const idle = result.idle.pssMiB.toFixed(0);
      changed();
      console.log(`${target.name}: registered after ${registeredMs.toFixed(0)} ms, idle PSS ${idle} MiB`);
      let overloadedAt = Number.POSITIVE_INFINITY;
      for (const scenario of others) {
        if (child.ended()) throw new Error(`its process ended before ${scenario.name}`);
        if (scenario.kind === "steady" && scenario.callers > overloadedAt) {
          result.failures.push(`${scenario.name}: not run, ${overloadedAt} calls were too many already`);
          continue;
        }
        const done = await runScenario(scenario, {
          stack,
          agent: child,
          dispatch,
          target: target.name,
          logFolder,
          run,
        });
        result.scenarios.push(done);
        if (scenario.kind === "steady" && overloaded(done)) overloadedAt = Math.min(overloadedAt, scenario.callers);
        const figures = done.latency ?? done.join;
        say(target.name, scenario.name, figures?.p50, figures?.p95, done.lostTurns + done.failedJoins);
        changed();
        await sleep(BETWEEN_MS);
      }
    } finally {
      child.kill();
    }
  } finally {
    await stack.stop();
  }
}

/** More is lost than every caller once. */
const overloaded = ({ lostTurns, failedJoins, callers }: ScenarioResult) => lostTurns + failedJoins > callers;

function say(target: string, scenario: string, p50: number | undefined, worse: number | undefined, lost: number): void {
  const ms = (value: number | undefined) => (value === undefined ? "–" : `${value.toFixed(0)} ms`);
  console.log(`${target} ${scenario}: ${ms(p50)} / ${ms(worse)}, lost ${lost}`);
}
