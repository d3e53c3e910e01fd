import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CallerPlan, CallerResult, Phase } from "./caller/plan.ts";
import { type Child, startNode } from "./child.ts";
import { Meter } from "./meter.ts";
import { partsOf, readMockLog } from "./parts.ts";
import { type ScenarioResult, summary } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import type { Stack } from "./stack.ts";

const SAMPLE_MS = 1000;
const MEMORY_EVERY_SAMPLES = 10;

interface CallerProcess {
  child: Child;
  outPath: string;
  /** Resolves at that phase, and at the end of a process that dies before it. */
  reached: Record<Phase, Promise<void>>;
  ended: Promise<void>;
}

/** Starts the callers, measures every process while they talk, and sums up. */
export async function runScenario(
  scenario: Scenario,
  { stack, agent, target, logFolder }: { stack: Stack; agent: Child; target: string; logFolder: string },
): Promise<ScenarioResult> {
  const label = `${target}.${scenario.name}`;
  writeFileSync(stack.mockLogPath, "");
  const callers = Array.from({ length: scenario.processes }, (_, i) =>
    startCallers(scenario, i, stack, logFolder, label),
  );
  const all = (phase: Phase) => Promise.all(callers.map((caller) => caller.reached[phase]));
  const tell = (word: string) => {
    for (const { child } of callers) if (child.process.connected) child.process.send(word);
  };

  await all("ready");
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
  const startedAt = performance.now();
  const memories = [agentMemory(meters)];
  let samples = 0;
  const ticks = setInterval(() => {
    sample();
    if (++samples % MEMORY_EVERY_SAMPLES === 0) memories.push(agentMemory(meters));
  }, SAMPLE_MS);
  await all("done");
  clearInterval(ticks);
  sample();
  const seconds = (performance.now() - startedAt) / 1000;
  memories.push(agentMemory(meters));
  tell("bye");
  await Promise.all(callers.map((caller) => caller.ended));

  const results = callers
    .filter(({ outPath }) => existsSync(outPath))
    .map(({ outPath }): CallerResult => JSON.parse(readFileSync(outPath, "utf8")));
  const events = readMockLog(stack.mockLogPath);
  const seen = summary(results, scenario.callers);
  const misses = events.flatMap((event) => (event.kind === "miss" ? [`mock: ${event.path} ${event.message}`] : []));
  const cores = (list: Meter[]) => list.reduce((sum, meter) => sum + meter.cpuSeconds, 0) / seconds;
  const result: ScenarioResult = {
    target,
    scenario: scenario.name,
    callers: scenario.callers,
    crashedCallers: callers.length - results.length,
    ...seen,
    errors: [...seen.errors, ...misses],
    parts:
      scenario.callers === 1
        ? partsOf(
            results.flatMap(({ calls }) => calls.flatMap((c) => c.turns)),
            events,
          )
        : null,
    cores: {
      agent: cores(meters.agent),
      server: cores(meters.server),
      mock: cores(meters.mock),
      callers: cores(meters.callers),
    },
    memory: memories.reduce((most, memory) => (memory.pssMiB > most.pssMiB ? memory : most)),
  };
  writeFileSync(
    path.join(logFolder, `${label}.json`),
    JSON.stringify({ ...result, calls: results.map((r) => r.calls) }),
  );
  return result;
}

function agentMemory(meters: { agent: Meter[] }) {
  return meters.agent[0]!.memory();
}

function startCallers(scenario: Scenario, i: number, stack: Stack, logFolder: string, label: string): CallerProcess {
  const share = Math.floor(scenario.callers / scenario.processes);
  const rest = scenario.callers % scenario.processes;
  const outPath = path.join(stack.folder, `${label}.callers${i}.json`);
  const plan: CallerPlan = {
    ...scenario.plan,
    callers: share + (i < rest ? 1 : 0),
    firstIndex: i * share + Math.min(i, rest),
    agentName: "bench",
    url: stack.url,
    apiKey: stack.apiKey,
    apiSecret: stack.apiSecret,
    clipsFolder: stack.clipsFolder,
    outPath,
  };
  const child = startNode({
    args: [path.join(import.meta.dirname, "caller/main.ts"), JSON.stringify(plan)],
    env: process.env,
    logPath: path.join(logFolder, `${label}.callers${i}.log`),
    ipc: true,
  });
  const ended = new Promise<void>((resolve) => child.process.once("exit", () => resolve()));
  child.process.on("error", () => {}); // a caller that ended early shows in the result
  const reach = (wanted: Phase) =>
    new Promise<void>((resolve) => {
      child.process.on("message", (message: { phase?: Phase }) => message.phase === wanted && resolve());
      ended.then(resolve);
    });
  return { child, outPath, ended, reached: { ready: reach("ready"), measure: reach("measure"), done: reach("done") } };
}
