import { describe, expect, it } from "vitest";
import { plot } from "./plot.ts";
import { reached } from "./reach/reach.ts";
import { REACH } from "./reach/rows.ts";
import { report } from "./report.ts";
import { type ScenarioResult, summary, type TargetResult } from "./result.ts";

const memory = { pssMiB: 100, rssMiB: 120, processes: 1 };

/** As many turns as there are latencies, in one call. */
function done(target: string, scenario: string, callers: number, latenciesMs: number[]): ScenarioResult {
  const turns = latenciesMs.map((ms) => ({
    clip: "bus" as const,
    answered: "whole" as const,
    startedAt: 0,
    endedAt: 1000,
    heardAt: 1000 + ms,
    gapMs: 0,
    longestGapMs: 0,
  }));
  const calls = Array.from({ length: callers }, (_, index) => ({
    index,
    startedAt: 0,
    joinMs: 400,
    greetMs: 500,
    turns: index === 0 ? turns : [],
    barges: [],
    overs: [
      { name: "Okay", quietMs: 640 },
      { name: "door", quietMs: 200 },
      { name: "Yes", failed: "stopped before" },
    ],
    echoes: [100, 130].map((backMs) => ({ backMs, straightMs: 60 })),
  }));
  return {
    ...summary([{ calls, errors: [], latePieces: 0, cores: 0, loopDelayP99Ms: 1 }], callers),
    target,
    scenario,
    callers,
    crashedCallers: 0,
    parts: null,
    spending: null,
    cores: { agent: 0.04 * callers, server: 0, mock: 0, callers: 0 },
    stolen: 0.01,
    memory,
    checkpoints: [],
  };
}

function result(
  target: string,
  run: number,
  scenarios: ScenarioResult[],
  more: Partial<TargetResult> = {},
): TargetResult {
  const idle = { ...memory, pssMiB: 80 };
  return { target, run, registeredMs: 200, idle, starts: null, scenarios, failures: [], ...more };
}

const steady = (target: string, run: number, ms: number) => result(target, run, [done(target, "steady1", 1, [ms])]);

describe("the table", () => {
  it("has a ratio between two targets, and says what makes it doubtful", () => {
    const late = steady("parley", 1, 880);
    late.scenarios[0]!.latePieces = 50;
    late.scenarios[0]!.stolen = 0.21;
    const text = report([steady("floor", 1, 800), late], ["steady1"]);
    expect(text).toContain("| steady1: turn latency, ms | 800 / 800 | 880 / 880 | 1.10 |");
    expect(text).toContain("| steady1: PSS added per call, MiB | 20.0 | 20.0 | 1.00 |");
    expect(text).toContain("- parley, steady1: callers spoke 50 pieces of a question late");
    expect(text).toContain("- parley, steady1: others had 21 % of the machine");
    expect(text).not.toContain("- floor, steady1");
    expect(text).not.toContain("| barge1");
  });

  it("counts as a false stop what kept the agent quiet for too long", () => {
    const text = report([result("floor", 1, [done("floor", "over1", 1, [])])], ["over1"]);
    expect(text).toContain("| over1: sounds | 2 |");
    expect(text).toContain("| over1: false stops | 1 |");
    expect(text).toContain("| over1: quiet, ms | 200 / 640 |");
  });

  it("says when an echo is back", () => {
    const text = report([result("floor-echo", 1, [done("floor-echo", "echo1x60", 1, [])])], ["echo1x60"]);
    expect(text).toContain("| echo1x60: back at the ear, ms | 100 / 130 |");
    expect(text).toContain("| echo1x60: of the agent, ms | 40 / 70 |");
  });

  it("gives the median of several runs and how far they are apart", () => {
    const runs = [810, 900, 800].map((ms, i) => steady("floor", i + 1, ms));
    const text = report(runs, ["steady1"]);
    expect(text).toContain("| steady1: turn latency, ms | 810 / 810 (800–900) |");
    expect(text).toContain("Medians of 3 runs");
  });

  it("goes on without a target that could not be installed or started, and says why", () => {
    const broken = result("pipecat", 1, [], {
      registeredMs: null,
      idle: null,
      failures: ["not installed: no\npython3"],
    });
    const text = report([steady("floor", 1, 800), steady("parley", 1, 700), broken], ["steady1"]);
    expect(text).toContain("| steady1: turn latency, ms | 800 / 800 | 700 / 700 | – |");
    expect(text).toContain("- pipecat: not installed: no python3");
  });

  it("counts the calls that are as fast as one", () => {
    const loads = [
      done("floor", "turns1x2", 1, [800, 800]),
      done("floor", "steady5", 5, [870]),
      done("floor", "steady10", 10, [890]),
    ];
    expect(report([result("floor", 1, loads)], ["turns1x2", "steady5", "steady10"])).toMatch(/calls held.* \| 5 \|/);
  });
});

describe("the reach", () => {
  const turn = (target: string, ms: number) => result(target, 1, [done(target, "turns1x3", 1, [ms])]);
  const row = (measure: string) => REACH.find((one) => one.measure === measure)!;

  it("is held against the best peer, stock or tuned", () => {
    const results = [
      turn("floor", 815),
      turn("pipecat", 944),
      turn("pipecat-stock", 869),
      turn("agents-js", 1018),
      turn("parley", 620),
    ];
    expect(reached(row("turn p50, ms"), results)).toMatchObject({
      ours: 620,
      bestPeer: { name: "pipecat-stock", value: 869 },
      floor: 815,
      limit: 869 * 0.72,
      reached: true,
    });
    results.push(turn("parley-plain", 880));
    expect(reached(row("turn p50, speculation off, ms"), results)).toMatchObject({
      ours: 880,
      bestPeer: { name: "pipecat", value: 944 },
      reached: false,
    });
  });

  it("is not judged by what was not measured", () => {
    expect(reached(row("turn p50, ms"), [turn("parley", 600)])).toMatchObject({
      bestPeer: null,
      limit: null,
      reached: null,
    });
    expect(reached(row("turn p50, ms"), [turn("pipecat", 900)])).toMatchObject({ ours: null, reached: null });
    expect(reached(row("false stops"), [turn("parley", 600), turn("pipecat", 900)])).toMatchObject({ reached: null });
  });

  it("is held against itself and against plain numbers", () => {
    const scenarios = [
      done("parley", "turns1x3", 1, [700]),
      done("parley", "steady10", 10, [780]),
      done("parley", "burst10", 10, []),
    ];
    const results = [result("parley", 1, scenarios)];
    expect(reached(row("10 calls: turn p95, ms"), results)).toMatchObject({ ours: 780, reached: false });
    expect(reached(row("10 joins at once: last greeting heard, ms"), results)).toMatchObject({
      ours: 500,
      reached: true,
    });
    expect(reached(row("10 calls: lost turns"), results)).toMatchObject({ ours: 0, limit: 0, reached: true });
    expect(reached(row("20 calls: lost turns"), results)).toMatchObject({ ours: null, reached: null });
  });

  it("stands under the table with its verdict", () => {
    const text = report([turn("pipecat", 1000), turn("parley", 700)], ["turns1x3"]);
    expect(text).toContain("| turn p50, ms | 700 | 1000 pipecat | – | ≤ 0.72 × best peer = 720 | 0.70 | yes |");
    expect(text).toContain("| 30 calls: lost turns | – | – | – | ≤ 0 |  | not measured |");
  });
});

it("draws one bar a target and one line of its loads", () => {
  const loads = (target: string) => [done(target, "turns1x2", 1, [400, 800]), done(target, "steady10", 10, [2000])];
  const svg = plot([result("floor", 1, loads("floor")), result("parley", 1, loads("parley"))]);
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  expect(svg).toContain(">400 / 800<");
  // From the axis at one call to the right edge at ten, whose p95 is the greatest.
  expect(svg).toMatch(/<polyline points="120\.0,\d+\.\d 610\.0,34\.0"/);
  expect(plot([])).toContain("</svg>");
});
