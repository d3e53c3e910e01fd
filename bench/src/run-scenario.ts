import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Dispatch } from "./caller/dispatch.ts";
import { type CallerProcess, startCallers } from "./caller-process.ts";
import type { Child } from "./child.ts";
import { machineTime, stolenShare } from "./machine.ts";
import { Meter } from "./meter.ts";
import { partsOf, readMockLog } from "./parts.ts";
import { type ScenarioResult, summary } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import { spendingOf } from "./spending.ts";
import type { Stack } from "./stack.ts";
import { now } from "./time.ts";

const SAMPLE_MS = 1000;
const MEMORY_EVERY_SAMPLES = 10;

export interface Running {
  stack: Stack;
  agent: Child;
  dispatch: Dispatch;
  target: string;
  logFolder: string;
  run: number;
}

/** Starts the callers, measures every process while they talk, and sums up. */
export async function runScenario(scenario: Scenario, running: Running): Promise<ScenarioResult> {
  const { stack, agent, target, logFolder, run } = running;
  const label = `run${run}.${target}.${scenario.name}`;
  writeFileSync(stack.mockLogPath, "");
  const callers = Array.from({ length: scenario.processes }, (_, i) =>
    startCallers(scenario, i, { ...running, label }),
  );
  const all = (phase: keyof CallerProcess["reached"]) => Promise.all(callers.map((caller) => caller.reached[phase]));
  const tell = (word: string) => {
    for (const caller of callers) caller.tell(word);
  };

  await all("ready");
  const machineFrom = machineTime();
  tell("go");
  await all("measure");
  const meters = {
    agent: [new Meter(agent.pid)],
    server: [new Meter(stack.serverPid)],
    mock: [new Meter(stack.mockPid)],
    callers: callers.map(({ child }) => new Meter(child.pid)),
  };
  const sample = () => {
    for (const meter of Object.values(meters).flat()) meter.sample();
  };
  const memory = () => meters.agent[0]!.memory();
  const measuredFrom = now();
  const memories = [memory()];
  const checkpoints: ScenarioResult["checkpoints"] = [];
  for (const caller of callers) {
    caller.on("checkpoint", () => {
      checkpoints.push({ calls: scenario.plan.checkpoints[checkpoints.length] ?? 0, pssMiB: memory().pssMiB });
      caller.tell("on");
    });
  }
  let samples = 0;
  const ticks = setInterval(() => {
    sample();
    if (++samples % MEMORY_EVERY_SAMPLES === 0) memories.push(memory());
  }, SAMPLE_MS);
  await all("done");
  clearInterval(ticks);
  sample();
  const stolen = stolenShare(machineFrom, machineTime());
  const seconds = (now() - measuredFrom) / 1000;
  memories.push(memory());
  tell("bye");
  await Promise.all(callers.map((caller) => caller.ended));

  const results = callers.map((caller) => caller.result()).filter((result) => result !== null);
  const events = readMockLog(stack.mockLogPath);
  const turns = results.flatMap(({ calls }) => calls.flatMap((call) => call.turns));
  const alone = scenario.callers === 1;
  const seen = summary(results, scenario.calls);
  const misses = events.flatMap((event) => (event.kind === "miss" ? [`mock: ${event.path} ${event.message}`] : []));
  const cores = (list: Meter[]) => list.reduce((sum, meter) => sum + meter.cpuSeconds, 0) / seconds;
  const result: ScenarioResult = {
    target,
    scenario: scenario.name,
    callers: scenario.callers,
    crashedCallers: callers.length - results.length,
    ...seen,
    errors: [...seen.errors, ...misses],
    parts: alone ? partsOf(turns, events) : null,
    spending: alone ? spendingOf(turns, events) : null,
    cores: {
      agent: cores(meters.agent),
      server: cores(meters.server),
      mock: cores(meters.mock),
      callers: cores(meters.callers),
    },
    stolen,
    memory: memories.reduce((most, one) => (one.pssMiB > most.pssMiB ? one : most)),
    checkpoints,
  };
  const raw = { ...result, calls: results.map((one) => one.calls) };
  writeFileSync(path.join(logFolder, `${label}.json`), JSON.stringify(raw));
  return result;
}
