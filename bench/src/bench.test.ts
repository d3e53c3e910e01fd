import { describe, expect, it } from "vitest";
import type { Turn } from "./caller/plan.ts";
import type { MockEvent } from "./mock-ai/log.ts";
import type { Understood } from "./mock-ai/tones.ts";
import { partsOf } from "./parts.ts";
import { report } from "./report.ts";
import { type ScenarioResult, summary, type TargetResult } from "./result.ts";
import { DEFAULT_SCENARIOS, scenario } from "./scenario.ts";
import { stats } from "./stats.ts";

it("takes nearest-rank percentiles and leaves out what is no number", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(stats([...values, undefined, Number.NaN])).toEqual({ n: 100, min: 1, p50: 50, p95: 95, max: 100 });
  expect(stats([7])).toEqual({ n: 1, min: 7, p50: 7, p95: 7, max: 7 });
  expect(stats([undefined])).toBeNull();
});

it("knows its scenarios by name", () => {
  expect(DEFAULT_SCENARIOS.map((name) => scenario(name).callers)).toEqual([1, 1, 1, 5, 10, 20, 10]);
  expect(scenario("burst10")).toMatchObject({ processes: 10, plan: { mode: "join", staggerMs: 0 } });
  expect(scenario("turns1x3").plan).toMatchObject({ turns: 3, seconds: null });
  expect(scenario("steady5x20").plan).toMatchObject({ turns: null, seconds: 20 });
  expect(() => scenario("steady")).toThrow(/unknown scenario/);
});

it("takes a turn apart by the providers' log, past speculation that was given up", () => {
  const turn: Turn = {
    clip: "bus",
    startedAt: 0,
    endedAt: 1000,
    heardAt: 1900,
    answered: "whole",
    gapMs: 0,
    longestGapMs: 0,
  };
  const llm = (startedAt: number, aborted: boolean): MockEvent => ({
    kind: "llm",
    startedAt,
    firstAt: startedAt + 150,
    endedAt: startedAt + 300,
    tokens: 10,
    chars: 50,
    understood: "whole",
    aborted,
  });
  const events: MockEvent[] = [
    { kind: "stt", startedAt: 500, endedAt: 600, totalMs: 1, foundMs: 1, text: "", isWhole: true, apartDb: 1 },
    llm(610, true),
    { kind: "tts", startedAt: 800, firstAt: 900, endedAt: 950, chars: 10, understood: "whole", aborted: true },
    { kind: "stt", startedAt: 1300, endedAt: 1400, totalMs: 1, foundMs: 1, text: "", isWhole: true, apartDb: 1 },
    llm(1405, false),
    { kind: "tts", startedAt: 1620, firstAt: 1720, endedAt: 1800, chars: 10, understood: "whole", aborted: false },
  ];
  const parts = partsOf([turn], events);
  const of = (name: keyof typeof parts) => parts[name]?.p50;
  expect([of("endpoint"), of("sttToLlm"), of("llmToTts"), of("ttsToEar"), of("overhead")]).toEqual([
    300, 5, 65, 180, 250,
  ]);
});

describe("a summary", () => {
  const call = (index: number, turns: Turn[]) => ({
    index,
    startedAt: 0,
    joinMs: 400,
    greetMs: 500,
    turns,
    barges: [],
  });
  const turn = (latencyMs: number | null, longestGapMs = 0, answered: Understood = "whole"): Turn => ({
    clip: "bus",
    startedAt: 0,
    endedAt: 1000,
    ...(latencyMs === null ? {} : { heardAt: 1000 + latencyMs, answered }),
    gapMs: longestGapMs,
    longestGapMs,
  });

  it("counts what was lost: answers, joins, words", () => {
    const calls = [call(0, [turn(800), turn(null), turn(-5), turn(900, 200)]), { ...call(1, []), joinMs: undefined }];
    const results = [{ calls, errors: ["x"], lateFrames: 3, cores: 0, loopDelayP99Ms: 12 }] as never;
    expect(summary(results, 3)).toMatchObject({ turns: 4, lostTurns: 1, premature: 1, choppy: 1, failedJoins: 2 });
  });

  it("counts a turn as lost whose answer is to less than the question, however quick it was", () => {
    const calls = [call(0, [turn(800), turn(200, 0, "cut"), turn(-300, 0, "cut"), turn(300, 0, "unknown")])];
    const results = [{ calls, errors: [], lateFrames: 0, cores: 0, loopDelayP99Ms: 1 }] as never;
    expect(summary(results, 1)).toMatchObject({ turns: 4, lostTurns: 3, cutTurns: 3, premature: 1 });
    expect(summary(results, 1).latency).toMatchObject({ n: 1, p50: 800 });
  });

  it("is one table with a ratio, and says what makes it doubtful", () => {
    const target = (name: string, latencyMs: number, lateFrames: number): TargetResult => {
      const memory = { pssMiB: 100, rssMiB: 120, processes: 1 };
      const seen = summary(
        [{ calls: [call(0, [turn(latencyMs)])], errors: [], lateFrames, cores: 0, loopDelayP99Ms: 1 }],
        1,
      );
      const result: ScenarioResult = {
        ...seen,
        target: name,
        scenario: "steady1",
        callers: 1,
        crashedCallers: 0,
        parts: null,
        cores: { agent: 0.04, server: 0, mock: 0, callers: 0 },
        memory,
      };
      return { target: name, registeredMs: 200, idle: { ...memory, pssMiB: 80 }, scenarios: [result] };
    };
    const text = report([target("floor", 800, 0), target("parley", 880, 50)], ["steady1"]);
    expect(text).toContain("| steady1: turn latency, ms | 800 / 800 | 880 / 880 | 1.10 |");
    expect(text).toContain("| steady1: PSS added per call, MiB | 20.0 | 20.0 | 1.00 |");
    expect(text).toContain("- parley, steady1: callers sent 50 frames late");
    expect(text).not.toContain("barge");
  });
});
