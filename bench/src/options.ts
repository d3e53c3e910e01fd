import path from "node:path";
import { parseArgs } from "node:util";
import { type Scenario, scenario } from "./scenario.ts";
import { type Target, target } from "./target.ts";

/** One target and what it is put through. */
export interface Job {
  target: Target;
  scenarios: Scenario[];
}

export interface Options {
  jobs: Job[];
  runs: number;
  out: string;
}

interface Preset {
  runs: number;
  /** Targets and their scenarios, both by name. */
  work: { targets: string[]; scenarios: string[] }[];
}

const PEERS = ["agents-js", "livekit-py", "pipecat"];
const STOCK = ["parley-stock", "agents-js-stock", "livekit-py-stock", "pipecat-stock"];
const ALONE = ["turns1x34", "barge1x6", "over1"];
const LOADED = ["steady10", "steady20", "steady30", "burst10", "burst20"];

const ONE_CALL = ["start3", "join1x5", "turns1x8", "barge1x3", "over1"];

const presets: Record<"usual" | "quick" | "peers" | "medians" | "reach", Preset> = {
  usual: {
    runs: 1,
    work: [
      {
        targets: ["floor", "parley", "parley-plain", ...PEERS],
        scenarios: ["start2", "join1x5", "turns1x10", "barge1x5", "over1", "steady10", "steady20", "burst10"],
      },
      { targets: ["floor-silero"], scenarios: ["turns1x10"] },
    ],
  },
  quick: { runs: 1, work: [{ targets: ["floor", "parley", ...PEERS], scenarios: ["join1", "turns1x3"] }] },
  // What one caller hears, beside every peer: three quarters of an hour.
  peers: {
    runs: 3,
    work: [
      { targets: ["parley", ...PEERS], scenarios: ["start2", "join1x3", "turns1x6", "barge1x2"] },
      { targets: ["floor-silero", "parley-plain"], scenarios: ["turns1x6"] },
    ],
  },
  // Most rows of the reach, against the peer that is the best one in most of them: an hour.
  medians: {
    runs: 3,
    work: [
      { targets: ["floor"], scenarios: ["join1x5", "turns1x8", "steady10", "steady20"] },
      {
        targets: ["parley"],
        scenarios: [...ONE_CALL, ...LOADED.filter((name) => name !== "steady30")],
      },
      { targets: ["floor-silero", "parley-plain"], scenarios: ["turns1x8"] },
      { targets: ["parley-echo"], scenarios: ["echo1x30"] },
      { targets: ["pipecat"], scenarios: ONE_CALL },
    ],
  },
  // What every row of the reach needs, and no more of each target than that: three runs are hours.
  reach: {
    runs: 3,
    work: [
      { targets: ["floor", "parley"], scenarios: ["start3", "join1x10", ...ALONE, ...LOADED, "soak500x5"] },
      { targets: ["floor-silero", "parley-plain"], scenarios: ["turns1x34"] },
      { targets: ["floor-echo", "parley-echo"], scenarios: ["echo1x60"] },
      { targets: PEERS, scenarios: ["start3", "join1x10", ...ALONE, ...LOADED] },
      { targets: STOCK, scenarios: ALONE },
    ],
  },
};

/** What the command line asks for; throws with the fix on what it doesn't know. */
export function options(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      targets: { type: "string" },
      scenarios: { type: "string" },
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      medians: { type: "boolean", default: false },
      reach: { type: "boolean", default: false },
      out: { type: "string", default: path.join(import.meta.dirname, "../results") },
    },
  });
  const asked = (["quick", "peers", "medians", "reach"] as const).filter((name) => values[name]);
  if (asked.length > 1) throw new Error(`--${asked.join(" and --")} exclude each other`);
  const preset = presets[asked[0] ?? "usual"];
  const runs = Number(values.runs ?? preset.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100) throw new Error(`--runs ${values.runs}: give a number from 1`);
  const jobs = preset.work.flatMap(({ targets, scenarios }) => jobsOf(targets, scenarios));
  if (values.targets === undefined && values.scenarios === undefined) return { jobs, runs, out: values.out };
  const targets = values.targets?.split(",") ?? jobs.map((job) => job.target.name);
  // Targets that the preset knows keep its scenarios, unless others are named.
  const named = (name: string) =>
    values.scenarios?.split(",") ??
    preset.work.find((work) => work.targets.includes(name))?.scenarios ??
    preset.work[0]!.scenarios;
  return { jobs: targets.flatMap((name) => jobsOf([name], named(name))), runs, out: values.out };
}

const jobsOf = (targets: readonly string[], scenarios: readonly string[]): Job[] =>
  targets.map((name) => ({ target: target(name), scenarios: scenarios.map(scenario) }));

/** The order of a run: every other one the other way round, so that a drift of the machine hits all alike. */
export function inOrder<Item>(jobs: readonly Item[], run: number): Item[] {
  return run % 2 === 1 ? [...jobs] : jobs.toReversed();
}
