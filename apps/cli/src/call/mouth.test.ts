import { describe, expect, it } from "vitest";
import { manualClock } from "../test/manual-clock.ts";
import { MOUTH_RATE_HZ, openMouth } from "./mouth.ts";

const ms = (duration: number, value: number) => new Int16Array((MOUTH_RATE_HZ * duration) / 1000).fill(value);
/** What sounded, as [value, ms] runs. */
function runs(recording: Int16Array): [number, number][] {
  const list: [number, number][] = [];
  for (const sample of recording) {
    const last = list.at(-1);
    if (last?.[0] === sample) last[1]++;
    else list.push([sample, 1]);
  }
  return list.map(([value, samples]) => [value, (samples * 1000) / MOUTH_RATE_HZ]);
}

describe("the agent's mouth in a terminal", () => {
  it("plays in real time, back to back, and records silence where there was silence", () => {
    const clock = manualClock();
    const mouth = openMouth(clock, true);
    clock.advance(100);
    mouth.write(ms(50, 1));
    mouth.write(ms(50, 2));
    expect(mouth.queuedMs()).toBe(100);
    clock.advance(70);
    expect(mouth.queuedMs()).toBe(30);
    clock.advance(130);
    expect(mouth.queuedMs()).toBe(0);
    expect(runs(mouth.recording())).toEqual([
      [0, 100],
      [1, 50],
      [2, 50],
      [0, 100],
    ]);
  });

  it("records only what sounded before it was cut off", () => {
    const clock = manualClock();
    const mouth = openMouth(clock, true);
    for (let value = 1; value <= 5; value++) mouth.write(ms(20, value));
    clock.advance(50);
    mouth.clear();
    expect(mouth.queuedMs()).toBe(0);
    mouth.write(ms(10, 9));
    clock.advance(30);
    expect(runs(mouth.recording())).toEqual([
      [1, 20],
      [2, 20],
      [3, 10],
      [9, 10],
      [0, 20],
    ]);
  });

  it("copies what it is given", () => {
    const clock = manualClock();
    const mouth = openMouth(clock, true);
    const frame = ms(10, 3);
    mouth.write(frame);
    frame.fill(0);
    clock.advance(10);
    expect(runs(mouth.recording())).toEqual([[3, 10]]);
  });
});
