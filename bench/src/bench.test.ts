import { describe, expect, it } from "vitest";
import type { Turn } from "./caller/plan.ts";
import type { MockEvent } from "./mock-ai/log.ts";
import type { Understood } from "./mock-ai/tones.ts";
import { partsOf } from "./parts.ts";
import { summary } from "./result.ts";
import { scenario } from "./scenario.ts";
import { spendingOf } from "./spending.ts";
import { median, stats } from "./stats.ts";

it("takes nearest-rank percentiles and leaves out what is no number", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(stats([...values, undefined, Number.NaN])).toEqual({ n: 100, min: 1, p50: 50, p95: 95, max: 100 });
  expect(stats([7])).toEqual({ n: 1, min: 7, p50: 7, p95: 7, max: 7 });
  expect(stats([undefined])).toBeNull();
});

it("takes the middle of several runs, of those that have a figure", () => {
  expect(median([30, 10, 20])).toBe(20);
  expect(median([10, null, 20])).toBe(15);
  expect(median([null, undefined])).toBeNull();
});

it("knows its scenarios by name", () => {
  expect(scenario("burst10")).toMatchObject({ processes: 2, plan: { mode: "join", staggerMs: 0 } });
  expect(scenario("turns1x3").plan).toMatchObject({ turns: 3, seconds: null });
  expect(scenario("steady5x20")).toMatchObject({ processes: 1, plan: { turns: null, seconds: 20, staggerMs: 500 } });
  expect(scenario("steady20")).toMatchObject({ callers: 20, processes: 2, plan: { seconds: 45, staggerMs: 1000 } });
  expect(scenario("over1")).toMatchObject({ calls: 1, plan: { mode: "over", turns: null } });
  expect(scenario("start3")).toMatchObject({ callers: 1, calls: 3, plan: { mode: "start" } });
  expect(scenario("join1")).toMatchObject({ calls: 1, plan: { mode: "join", checkpoints: [] } });
  expect(scenario("join1x5")).toMatchObject({ callers: 1, calls: 5, plan: { mode: "visits", checkpoints: [5] } });
  expect(scenario("soak500x5")).toMatchObject({ callers: 5, calls: 500, plan: { checkpoints: [100, 500] } });
  for (const name of ["steady", "start2x2", "turns0", "burst-1", "soak", "turns1x1e9", "nothing1"]) {
    expect(() => scenario(name)).toThrow(/unknown scenario/);
  }
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
    tokens: aborted ? 4 : 11,
    chars: aborted ? 15 : 48,
    understood: "whole",
    aborted,
  });
  const events: MockEvent[] = [
    { kind: "stt", startedAt: 500, endedAt: 600, totalMs: 1, foundMs: 1, text: "", isWhole: true, apartDb: 1 },
    llm(610, true),
    { kind: "tts", startedAt: 800, firstAt: 900, endedAt: 950, chars: 10, understood: "whole", aborted: true },
    { kind: "stt", startedAt: 1300, endedAt: 1400, totalMs: 1, foundMs: 1, text: "", isWhole: true, apartDb: 1 },
    llm(1405, false),
    { kind: "tts", startedAt: 1620, firstAt: 1720, endedAt: 1800, chars: 22, understood: "whole", aborted: false },
    { kind: "tts", startedAt: 1640, firstAt: 1740, endedAt: 1800, chars: 25, understood: "whole", aborted: false },
  ];
  const parts = partsOf([turn], events);
  const of = (name: keyof typeof parts) => parts[name]?.p50;
  expect([of("endpoint"), of("sttToLlm"), of("llmToTts"), of("ttsToEar"), of("overhead")]).toEqual([
    300, 5, 65, 180, 250,
  ]);
  expect(of("beyond")).toBe(250);
  // Asked for 80 ms before the pause is over: so much of it costs nothing.
  const early = events.map((event) =>
    event.startedAt === 1300 ? { ...event, startedAt: 1220, endedAt: 1320 } : event,
  );
  const soon = partsOf([turn], early as MockEvent[]);
  expect([soon.overhead?.p50, soon.beyond?.p50]).toEqual([330, 330]);
  // One reply of two was thrown away, with the speech that was asked for it; what came before the turn is not its own.
  const greeting: MockEvent = {
    kind: "tts",
    startedAt: -50,
    firstAt: 0,
    endedAt: 50,
    chars: 32,
    understood: "whole",
    aborted: false,
  };
  expect(spendingOf([turn, { ...turn, startedAt: 5000, endedAt: 6000, heardAt: 6900 }], [greeting, ...events])).toEqual(
    {
      transcriptions: 1,
      llmRequests: 1,
      tokens: 7.5,
      heardTokens: 5.5,
      ttsChars: 28.5,
      heardChars: 24,
    },
  );
  expect(spendingOf([{ clip: "bus", startedAt: 0, endedAt: 1000, gapMs: 0, longestGapMs: 0 }], events)).toBeNull();
});

describe("a summary", () => {
  const call = (index: number, turns: Turn[]) => ({
    index,
    startedAt: 0,
    joinMs: 400,
    greetMs: 500,
    turns,
    barges: [],
    overs: [],
    echoes: [],
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
    const results = [{ calls, errors: ["x"], latePieces: 3, cores: 0, loopDelayP99Ms: 12 }] as never;
    expect(summary(results, 3)).toMatchObject({ turns: 4, lostTurns: 1, premature: 1, choppy: 1, failedJoins: 2 });
  });

  it("counts a turn as lost whose answer is to less than the question, however quick it was", () => {
    const calls = [call(0, [turn(800), turn(200, 0, "cut"), turn(-300, 0, "cut"), turn(300, 0, "unknown")])];
    const results = [{ calls, errors: [], latePieces: 0, cores: 0, loopDelayP99Ms: 1 }] as never;
    expect(summary(results, 1)).toMatchObject({ turns: 4, lostTurns: 3, cutTurns: 3, premature: 1 });
    expect(summary(results, 1).latency).toMatchObject({ n: 1, p50: 800 });
  });
});
