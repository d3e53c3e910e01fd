/**
 * Program: the product beside the floor, in one run.
 * `node bench/src/main.ts [--targets floor,parley] [--scenarios join1,turns1x10,…] [--out bench/results]`
 * `node bench/src/main.ts --capacity [--steps 1,5,10] [--shards 1,2,4] [--seconds 45] [--all]`: how many calls it holds
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { runCapacity } from "./capacity.ts";
import { killChildrenAtExit, startNode } from "./child.ts";
import { Meter } from "./meter.ts";
import { report } from "./report.ts";
import type { TargetResult } from "./result.ts";
import { runScenario } from "./run-scenario.ts";
import { DEFAULT_SCENARIOS, type Scenario, scenario } from "./scenario.ts";
import { startStack } from "./stack.ts";
import { type Target, target } from "./target.ts";
import { sleep } from "./time.ts";

const { values } = parseArgs({
  options: {
    targets: { type: "string", default: "floor,parley" },
    scenarios: { type: "string", default: DEFAULT_SCENARIOS.join(",") },
    out: { type: "string", default: path.join(import.meta.dirname, "../results") },
    capacity: { type: "boolean", default: false },
    steps: { type: "string", default: "1,5,10,15,20,25,30" },
    shards: { type: "string" },
    seconds: { type: "string", default: "45" },
    "reference-turns": { type: "string", default: "20" },
    all: { type: "boolean", default: false },
  },
});
const START_TIMEOUT_MS = 60_000;
/** Processes that have just started still load and compile. */
const SETTLE_MS = 6000;
const BETWEEN_MS = 4000;

killChildrenAtExit();
const targets = values.targets.split(",").map(target);
if (values.capacity) {
  await runCapacity(targets, {
    steps: values.steps.split(",").map(Number),
    seconds: Number(values.seconds),
    referenceTurns: Number(values["reference-turns"]),
    shards: values.shards?.split(",").map(Number) ?? [null],
    all: values.all,
    out: values.out,
  });
  process.exit(0);
}
const scenarios = values.scenarios.split(",").map(scenario);
const logFolder = path.join(values.out, "raw");
mkdirSync(logFolder, { recursive: true });

const results: TargetResult[] = [];
for (const one of targets) {
  results.push(await runTarget(one, scenarios));
  const text = report(
    results,
    scenarios.map((each) => each.name),
  );
  writeFileSync(path.join(values.out, "latest.md"), text);
  writeFileSync(path.join(values.out, "latest.json"), `${JSON.stringify(results, null, 2)}\n`);
  if (one === targets.at(-1)) console.log(`\n${text}`);
}
process.exit(0);

async function runTarget(one: Target, list: readonly Scenario[]): Promise<TargetResult> {
  const stack = await startStack(logFolder, one.name);
  const startedAt = performance.now();
  const agent = startNode({
    args: one.args,
    env: { ...stack.env, ...one.env },
    logPath: path.join(logFolder, `${one.name}.agent.log`),
  });
  try {
    await agent.printed(one.ready, START_TIMEOUT_MS);
    const registeredMs = performance.now() - startedAt;
    await sleep(SETTLE_MS);
    const idle = new Meter(agent.pid).memory();
    console.log(`${one.name}: registered after ${registeredMs.toFixed(0)} ms, idle PSS ${idle.pssMiB.toFixed(0)} MiB`);
    const done: TargetResult = { target: one.name, registeredMs, idle, scenarios: [] };
    for (const each of list) {
      const result = await runScenario(each, { stack, agent, target: one.name, logFolder });
      done.scenarios.push(result);
      const { latency, join, lostTurns, failedJoins } = result;
      const figures = latency ?? join;
      console.log(
        `${one.name} ${each.name}: p50 ${figures?.p50.toFixed(0) ?? "–"} ms, p95 ${figures?.p95.toFixed(0) ?? "–"} ms, lost ${lostTurns + failedJoins}, agent ${result.cores.agent.toFixed(2)} cores`,
      );
      await sleep(BETWEEN_MS);
    }
    return done;
  } finally {
    agent.kill();
    await stack.stop();
  }
}
