import { concat, rms, toDb } from "@parley/audio";
import { describe, expect, it } from "vitest";
import { speechClip } from "./clip.ts";
import { runFlite } from "./flite.ts";
import { mix, noise, silence, tone } from "./sounds.ts";
import { wordTimes } from "./words.ts";

describe("speechClip", () => {
  it("speaks: a sentence's length, a voice's loudness, the same every time", async () => {
    const clip = await speechClip("What time do you open on Saturday?");
    expect(clip.length / 16_000).toBeGreaterThan(1);
    expect(clip.length / 16_000).toBeLessThan(4);
    expect(toDb(rms(clip))).toBeGreaterThan(-35);
    clip.fill(0);
    const again = await speechClip("What time do you open on Saturday?");
    expect(toDb(rms(again))).toBeGreaterThan(-35);
    const anew = await runFlite("What time do you open on Saturday?", "slt");
    expect(again).toEqual(anew.samples);
  });

  it("has other rates and other voices", async () => {
    const slt = await speechClip("Good morning.");
    const fast = await speechClip("Good morning.", { sampleRateHz: 48_000 });
    expect(fast.length).toBe(slt.length * 3);
    const rmsVoice = await speechClip("Good morning.", { voice: "rms" });
    expect(rmsVoice).not.toEqual(slt);
  });
});

describe("wordTimes", () => {
  it("puts each word where it is heard: a sentence of other words ends differently from there on only", async () => {
    const times = await wordTimes("What time do you open on Saturday");
    expect(times.map(({ word }) => word)).toEqual(["What", "time", "do", "you", "open", "on", "Saturday"]);
    const clip = await speechClip("What time do you open on Saturday");
    const level = (fromMs: number, toMs: number) => toDb(rms(clip.subarray(fromMs * 16, toMs * 16)));
    expect(level(0, times[0]!.startMs - 20)).toBeLessThan(-50);
    expect(level(times.at(-1)!.endMs + 20, clip.length / 16)).toBeLessThan(-50);
    times.forEach(({ startMs, endMs }, i) => {
      expect(level(startMs, endMs)).toBeGreaterThan(-35);
      expect(startMs).toBeCloseTo(times[i - 1]?.endMs ?? startMs, 3);
    });
  });

  it("refuses what it cannot count", async () => {
    await expect(wordTimes("It costs 1,000 dollars")).rejects.toThrow(/phones/);
  });
});

describe("sounds", () => {
  it("have the length and level they are asked for, and repeat with their seed", () => {
    expect(silence(20, 48_000)).toHaveLength(960);
    expect(rms(silence(20))).toBe(0);
    expect(toDb(rms(noise(1000, 16_000, -30)))).toBeCloseTo(-30, 0);
    expect(toDb(rms(tone(1000, 16_000, 1000, -12)))).toBeCloseTo(-12, 1);
    expect(noise(100, 16_000, -30, 7)).toEqual(noise(100, 16_000, -30, 7));
    expect(noise(100, 16_000, -30, 7)).not.toEqual(noise(100, 16_000, -30, 8));
  });

  it("mix to the longest, saturating", () => {
    const mixed = mix(Int16Array.of(1, 2, 30_000), concat([silence(0), Int16Array.of(5, 5, 30_000, 7)]));
    expect([...mixed]).toEqual([6, 7, 32_767, 7]);
    expect(mix()).toHaveLength(0);
  });
});
