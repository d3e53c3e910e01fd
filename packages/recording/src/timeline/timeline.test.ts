import { describe, expect, it } from "vitest";
import { RATE_HZ } from "../format.ts";
import { stretchesOf } from "../test/beeps.ts";
import { Timeline } from "./timeline.ts";

const loud = (ms: number, rateHz = RATE_HZ) => new Int16Array((ms * rateHz) / 1000).fill(8000);

function takeAll(timeline: Timeline, nowMs: number): { callers: Int16Array; agent: Int16Array } {
  const frames: Int16Array[] = [];
  timeline.take(nowMs, (frame) => frames.push(frame.slice()), true);
  const all = Int16Array.from(frames.flatMap((frame) => [...frame]));
  return { callers: all.filter((_, i) => i % 2 === 0), agent: all.filter((_, i) => i % 2 === 1) };
}
const spans = (samples: Int16Array) => stretchesOf(samples).map(({ fromMs, toMs }) => [fromMs, toMs]);

describe("callers", () => {
  it("are where they spoke, though their frames come in heaps", () => {
    const timeline = new Timeline(0, 24_000);
    // A second of frames, of which the event loop hands over those of 300 to 600 ms at once.
    for (let ms = 20; ms <= 1000; ms += 20) timeline.hears("ann", ms > 300 && ms < 600 ? 600 : ms, loud(20));
    expect(spans(takeAll(timeline, 2000).callers)).toEqual([[0, 1000]]);
  });

  it("are where they spoke after a pause in their stream", () => {
    const timeline = new Timeline(0, 24_000);
    for (const [from, to] of [
      [0, 200],
      [800, 1000],
      [2500, 2600],
    ] as const)
      for (let ms = from + 20; ms <= to; ms += 20) timeline.hears("ann", ms, loud(20));
    const stretches = spans(takeAll(timeline, 3000).callers);
    expect([stretches[0]![0], stretches.at(-1)]).toEqual([0, [2500, 2600]]);
  });

  it("find back to the call's time after a short pause, within a second", () => {
    const timeline = new Timeline(0, 24_000);
    for (let ms = 20; ms <= 200; ms += 20) timeline.hears("ann", ms, loud(20));
    for (let ms = 520; ms <= 2000; ms += 20) timeline.hears("ann", ms, loud(20));
    expect(spans(takeAll(timeline, 3000).callers).at(-1)![1]).toBe(2000);
  });

  it("never lie over themselves when a heap is told too late", () => {
    const timeline = new Timeline(0, 24_000);
    for (let ms = 0; ms < 3000; ms += 20) timeline.hears("ann", 3000, loud(20));
    expect(Math.max(...takeAll(timeline, 4500).callers)).toBe(8000);
  });

  it("are mixed, and no louder than there is", () => {
    const timeline = new Timeline(0, 24_000);
    for (const who of ["ann", "bob", "cy", "di", "ed"]) timeline.hears(who, 20, loud(20));
    expect(takeAll(timeline, 20).callers.every((sample) => sample === 32767)).toBe(true);
  });
});

describe("the agent", () => {
  it("is at its place at any rate, without what was taken back", () => {
    const timeline = new Timeline(1000, 24_000);
    for (let ms = 1100; ms < 2000; ms += 40) timeline.sounds(ms, loud(40, 24_000));
    timeline.cleared(1500);
    timeline.sounds(3000, loud(100, 24_000));
    expect(spans(takeAll(timeline, 4000).agent)).toEqual([
      [100, 500],
      [2000, 2100],
    ]);
  });

  it("is not torn where the times of its frames are not exact", () => {
    const timeline = new Timeline(0, 24_000);
    for (let i = 0; i < 50; i++) timeline.sounds(100 + i * 40 + [0, 7, -6][i % 3]!, loud(40, 24_000));
    const { agent } = takeAll(timeline, 3000);
    expect(agent.subarray(110 * 16, 2090 * 16).every((sample) => sample > 7000 && sample < 9000)).toBe(true);
  });
});

describe("time", () => {
  it("begins on a frame's place, so that two processes' frames fit together", () => {
    expect(new Timeline(1234.5, 24_000).startMs).toBe(1220);
  });

  it("gives what is settled, once, and the rest at the end", () => {
    const timeline = new Timeline(0, 24_000);
    let frames = 0;
    for (let ms = 100; ms <= 1000; ms += 100) timeline.take(ms, () => frames++);
    expect(frames).toBe(30);
    timeline.take(1010, () => frames++, true);
    expect(frames).toBe(50);
  });

  it("goes on over minutes in which nothing comes", () => {
    const timeline = new Timeline(0, 24_000);
    timeline.hears("ann", 20, loud(20));
    let loudFrames = 0;
    timeline.take(600_000, (frame) => (loudFrames += frame.some((sample) => sample !== 0) ? 1 : 0));
    timeline.hears("ann", 600_020, loud(20));
    timeline.take(601_000, (frame) => (loudFrames += frame.some((sample) => sample !== 0) ? 1 : 0));
    expect(loudFrames).toBe(2);
  });
});
