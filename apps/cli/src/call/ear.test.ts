import { describe, expect, it } from "vitest";
import { manualClock } from "../test/manual-clock.ts";
import { openEar } from "./ear.ts";

describe("the caller's ear", () => {
  it("speaks in real time, with silence before and after", async () => {
    const clock = manualClock();
    const frames: Int16Array[] = [];
    const ear = openEar(clock, (frame) => frames.push(frame.slice()));
    clock.advance(40);
    expect(frames.map((frame) => frame.every((sample) => sample === 0))).toEqual([true, true]);
    let said = false;
    const done = ear.say(new Int16Array(800).fill(7)).then(() => {
      said = true;
    });
    clock.advance(40);
    await Promise.resolve();
    expect(said).toBe(false);
    clock.advance(20);
    await done;
    expect(frames.map((frame) => frame.filter((sample) => sample === 7).length)).toEqual([0, 0, 320, 320, 160]);
    clock.advance(20);
    expect(frames.at(-1)?.every((sample) => sample === 0)).toBe(true);
    ear.close();
    clock.advance(1_000);
    expect(frames).toHaveLength(6);
  });

  it("keeps time when the process was late, without a flood", () => {
    const clock = manualClock();
    let count = 0;
    const ear = openEar(clock, () => count++);
    clock.stall(100);
    expect(count).toBe(5);
    clock.stall(60_000);
    expect(count).toBe(15);
    clock.advance(200);
    expect(count).toBe(25);
    ear.close();
  });
});
