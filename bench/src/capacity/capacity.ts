import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ScenarioResult } from "../result.ts";
import { runScenario } from "../run-scenario.ts";
import { scenario } from "../scenario.ts";
import { startStack } from "../stack.ts";
import { startAgent } from "../start-agent.ts";
import type { Target } from "../target.ts";
import { sleep } from "../time.ts";

export interface CapacityOptions {
  /** How many calls at once, one step after the other, until one is too many. */
  steps: readonly number[];
  /** How long the calls of each step talk. */
  seconds: number;
  /** Turns of the one call that the others are compared with. */
  referenceTurns: number;
  /** Processes of the worker; null: as it decides itself. */
  shards: number | null;
  /** Goes on after a step that was too many. */
  all: boolean;
  out: string;
}

export interface CapacityResult {
  target: string;
  shards: number | null;
  reference: ScenarioResult;
  steps: { result: ScenarioResult; tooMuch: string[] }[];
}

/** Calls are held as long as their p95 is within this of one call's. */
const MOST_SLOWER = 1.1;
const SETTLE_MS = 6_000;
const BETWEEN_MS = 4_000;

/** Raises the number of calls until their answers come late, or turns are lost or choppy. */
export async function measureCapacity(one: Target, options: CapacityOptions): Promise<CapacityResult> {
  const { steps, seconds, referenceTurns, shards, all, out } = options;
  const logFolder = path.join(out, "raw");
  mkdirSync(logFolder, { recursive: true });
  const name = shards === null ? one.name : `${one.name}-${shards}-shards`;
  const stack = await startStack(logFolder, name);
  const env = { ...one.env, ...(shards === null ? {} : { PARLEY_SHARDS: String(shards) }) };
  const { child, dispatch } = await startAgent({ ...one, env }, stack, path.join(logFolder, `${name}.agent.log`)).catch(
    async (error) => {
      await stack.stop();
      throw error;
    },
  );
  const run = async (what: string) => {
    const result = await runScenario(scenario(what), {
      stack,
      agent: child,
      dispatch,
      target: name,
      logFolder,
      run: 1,
    });
    await sleep(BETWEEN_MS);
    return result;
  };
  try {
    await sleep(SETTLE_MS);
    const done: CapacityResult = {
      target: one.name,
      shards,
      reference: await run(`turns1x${referenceTurns}`),
      steps: [],
    };
    for (const calls of steps) {
      const result = await run(`steady${calls}x${seconds}`);
      const tooMuch = whyTooMuch(result, done.reference);
      done.steps.push({ result, tooMuch });
      console.log(
        `${name}: ${calls} calls: p95 ${ms(result.latency?.p95)} ms${tooMuch.map((why) => `; ${why}`).join("")}`,
      );
      if (tooMuch.length > 0 && !all) break;
    }
    return done;
  } finally {
    child.kill();
    await stack.stop();
  }
}

function whyTooMuch(result: ScenarioResult, reference: ScenarioResult): string[] {
  const most = (reference.latency?.p95 ?? 0) * MOST_SLOWER;
  const { latency, lostTurns, choppy, failedJoins, ungreeted, crashedCallers, premature } = result;
  const isLate = latency === null || latency.p95 > most;
  return [
    ...(isLate ? [`p95 is over ${ms(most)} ms`] : []),
    ...(lostTurns > 0 ? [`${lostTurns} turns lost`] : []),
    ...(choppy > 0 ? [`${choppy} answers choppy`] : []),
    ...(premature > 0 ? [`${premature} answers before the question's end`] : []),
    ...(failedJoins + ungreeted + crashedCallers > 0 ? [`${failedJoins + ungreeted + crashedCallers} not served`] : []),
  ];
}

/** The most calls at once before the first step that was too many; 0 when that was the first one. */
export function callsHeld({ steps }: Pick<CapacityResult, "steps">): number {
  const first = steps.findIndex(({ tooMuch }) => tooMuch.length > 0);
  return steps[(first < 0 ? steps.length : first) - 1]?.result.callers ?? 0;
}

/** A table a target, and how many calls it holds. */
export function capacityReport(results: readonly CapacityResult[]): string {
  const cpu = os.cpus();
  const cores = os.availableParallelism();
  const tables = results.flatMap((one) => {
    const { target, shards, reference, steps } = one;
    const held = callsHeld(one);
    const at = steps.find(({ result }) => result.callers === held)?.result ?? reference;
    const next = steps.find(({ tooMuch }) => tooMuch.length > 0);
    const why = next ? ` With ${next.result.callers}: ${next.tooMuch.join(", ")}.` : " No step was too many.";
    const perCall = (at.cores.agent / at.callers).toFixed(3);
    return [
      `## ${target}${shards === null ? "" : `, ${shards} shard${shards === 1 ? "" : "s"}`}`,
      "",
      `Holds **${held} calls** on ${cores} cores: p95 within ${MOST_SLOWER} x one call's (${ms(reference.latency?.p95)} ms of ${reference.turns} turns), no turn lost, none choppy; ${perCall} cores a call of the agent's own.${why}`,
      "",
      "| calls | turns | latency, ms | p95 / one call's | lost | choppy | agent's cores a call | cores in all | PSS, MiB |",
      "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
      ...steps.map(({ result }) => row(result, reference)),
      "",
    ];
  });
  return [
    "# Capacity",
    "",
    `${new Date().toISOString().slice(0, 10)}, ${cores} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}. LiveKit server, callers, mock providers and agent share this`,
    "machine. Latency is p50 / p95 at the caller's ear.",
    "",
    ...tables,
  ].join("\n");
}

function row(
  { callers, turns, latency, lostTurns, choppy, cores, memory }: ScenarioResult,
  one: ScenarioResult,
): string {
  const ratio = latency && one.latency ? (latency.p95 / one.latency.p95).toFixed(2) : "–";
  const inAll = Object.values(cores).reduce((sum, used) => sum + used, 0);
  const cells = [
    callers,
    turns,
    `${ms(latency?.p50)} / ${ms(latency?.p95)}`,
    ratio,
    lostTurns,
    choppy,
    (cores.agent / callers).toFixed(3),
    inAll.toFixed(2),
    memory.pssMiB.toFixed(0),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Measures each target, with each number of shards, one after the other; writes capacity.md and .json. */
export async function runCapacity(
  targets: readonly Target[],
  { shards, ...options }: Omit<CapacityOptions, "shards"> & { shards: readonly (number | null)[] },
): Promise<void> {
  const results: CapacityResult[] = [];
  for (const one of targets) {
    for (const count of shards) {
      results.push(await measureCapacity(one, { ...options, shards: count }));
      const text = capacityReport(results);
      writeFileSync(path.join(options.out, "capacity.md"), text);
      writeFileSync(path.join(options.out, "capacity.json"), `${JSON.stringify(results, null, 2)}\n`);
    }
  }
  console.log(`\n${capacityReport(results)}`);
}

const ms = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(0));
