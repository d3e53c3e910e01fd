import { rms } from "@parley/audio";
import { systemClock } from "@parley/engine";
import { describe, expect, it } from "vitest";
import { score } from "./barge/score.ts";
import { makeCaller } from "./callers.ts";
import { fixedAtSame, policies } from "./curve.ts";
import { probabilitiesOf } from "./listen.ts";
import { measure, type Point } from "./measure.ts";
import { perfectStt } from "./recogniser.ts";
import { report } from "./report.ts";
import { heldOut, tuning } from "./sentences.ts";
import { curveSvg } from "./svg.ts";

const style = { name: "usual", voice: "slt", medianMs: 450 } as const;

describe("the labelled set", () => {
  it("has two halves that share no utterance", () => {
    expect(new Set([...tuning, ...heldOut]).size).toBe(80);
    expect(tuning).toHaveLength(40);
  });

  it("knows where each utterance begins and ends, and its pauses", async () => {
    const { samples, utterances } = await makeCaller(style, heldOut.slice(0, 4), 1);
    const levelAt = (ms: number) => rms(samples.subarray(ms * 16, (ms + 30) * 16));
    for (const { startMs, endMs, pausesMs, words, text } of utterances) {
      expect(levelAt(endMs)).toBeLessThan(60);
      expect(levelAt(startMs - 30)).toBeLessThan(60);
      expect(Math.max(levelAt(endMs - 60), levelAt(endMs - 30))).toBeGreaterThan(60);
      for (const ms of pausesMs) expect(ms >= 150 && ms <= 1200).toBe(true);
      expect(words.map((word) => word.text).join(" ")).toBe(text);
      expect(words.at(-1)?.endMs).toBeCloseTo(endMs);
    }
    expect(utterances.map(({ pausesMs }) => pausesMs.length)).toEqual([1, 1, 0, 2]);
  });
});

describe("measuring", () => {
  it("counts what a short silence cuts off and what a long one costs", async () => {
    const caller = await makeCaller(style, heldOut.slice(0, 4), 1);
    const heard = [{ caller, probabilities: await probabilitiesOf(caller.samples) }];
    const short = await measure(heard, { policy: "fixed", minMs: 200 }, "plain");
    const long = await measure(heard, { policy: "fixed", minMs: 1_400 }, "plain");
    expect(short.cutOff).toBe(0.75);
    expect(long.cutOff).toBe(0);
    expect(long.delay.p50 - 1_400).toBeLessThan(100);
    expect(long.delay.p50).toBeGreaterThan(short.delay.p50 + 900);
  });

  it("gives every word once, written in three ways", async () => {
    const words = ["Well,", "I", "see."].map((text, i) => ({ text, endMs: i * 200 }));
    const hear = async (writing: "signs" | "plain" | "eager", untilMs: readonly number[]) => {
      let now = 0;
      const stt = perfectStt(words, writing, { ...systemClock, now: () => now }, () => 0);
      const session = stt.open({ language: "en", phrases: [], signal: new AbortController().signal });
      const texts: string[] = [];
      let fromMs = -200;
      for (now of untilMs) {
        const utterance = session.utterance();
        utterance.push(new Int16Array((now - fromMs) * 16));
        texts.push((await utterance.finish(new AbortController().signal)).text);
        fromMs = now - 50;
      }
      return texts;
    };
    expect(await hear("signs", [250, 250, 500])).toEqual(["Well, I", "", "see."]);
    expect(await hear("plain", [250, 500])).toEqual(["well i", "see"]);
    expect(await hear("eager", [250, 500])).toEqual(["well i.", "see."]);
  });

  it("reads the price of as few cut-offs off the fixed curve", () => {
    const points = [
      [300, 0.6],
      [500, 0.4],
      [900, 0.2],
    ].map(([ms, cutOff]) => ({ cutOff, delay: { p50: ms } }) as Point);
    const p50 = (point: Point) => point.delay.p50;
    expect(fixedAtSame(0.3, points, p50)).toBeCloseTo(700);
    expect(fixedAtSame(0.4, points, p50)).toBe(500);
    expect(fixedAtSame(0.7, points, p50)).toBe(300);
    expect(fixedAtSame(0.1, points, p50)).toBeNull();
  });

  it("counts precision, recall and false stops", () => {
    const of = (kind: "interruption" | "cough" | "echo", stopMs: number | null, silentMs = 0) => ({
      one: { name: kind, kind, samples: new Int16Array(0), words: [], echoDb: null },
      reaction: { duckMs: 100, stopMs, quietMs: silentMs, silentMs, ducks: 1 },
    });
    const all = [
      of("interruption", 450),
      of("interruption", null),
      of("cough", 450),
      of("cough", null, 700),
      of("echo", 450),
    ];
    const result = score("x", all);
    expect(result).toMatchObject({ precision: 0.5, recall: 0.5 });
    expect(result.kinds.find(({ kind }) => kind === "cough")).toMatchObject({ stopped: 1, falseStops: 2 });
  });

  it("writes a page and a plot with every policy in it", () => {
    const measured = policies.map((policy, i) => {
      const delay = { n: 40, min: 1, p50: 300 + i * 50, p95: 400 + i * 50, max: 2_000 };
      const point = { utterances: 40, cutOff: 0.5 / (i + 1), delay, meanMs: 310 };
      return { ...policy, writing: "plain" as const, point };
    });
    const all = [
      { kind: "interruption" as const, stopMs: 454 },
      { kind: "noise" as const, stopMs: null },
    ].map(({ kind, stopMs }) => ({
      one: { name: kind, kind, samples: new Int16Array(0), words: [], echoDb: null },
      reaction: { duckMs: 100, stopMs, quietMs: 0, silentMs: 0, ducks: 1 },
    }));
    const page = report({
      utterances: 40,
      pauses: 30,
      callers: ["usual slt"],
      measured,
      barge: [score("length", all)],
    });
    for (const { name } of policies) expect(page).toContain(`| ${name} |`);
    expect(page).toContain("| length | 100.0 % | 100.0 % | 100 / 100 | 454 / 454 | 0 of 1 | 0 |");
    const svg = curveSvg(measured);
    expect(svg.match(/<title>/g)).toHaveLength(policies.length * 2);
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
