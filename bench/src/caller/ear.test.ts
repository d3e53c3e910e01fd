import { expect, it } from "vitest";
import { Ear } from "./ear.ts";

/** Hears frames of 20 ms at these levels (constant samples: the level is the sample). */
function hearing() {
  let at = 10_000;
  const ear = new Ear(() => at);
  const hear = (level: number, ms: number) => {
    for (let done = 0; done < ms; done += 20) {
      at += 20;
      ear.hear(new Int16Array(320).fill(level));
    }
    return at;
  };
  return { ear, hear };
}

it("marks where an answer begins and ends, and the holes in it", () => {
  const { ear, hear } = hearing();
  const asked = hear(0, 1000);
  hear(5000, 300);
  hear(0, 200);
  const ended = hear(5000, 300);
  expect(ear.onsetAt).toBe(asked + 20);
  expect(ear.firstVoicedAt).toBe(asked + 20);
  expect(ear.lastVoicedAt).toBe(ended);
  expect(ear.longestGapMs).toBe(220);
  expect(ear.gapMs).toBe(200);
  expect(ear.quiet()).toBe(false);
  hear(0, 620);
  expect(ear.quiet()).toBe(true);
  const again = hear(5000, 20);
  expect(ear.onsetAt).toBe(again);
  expect(ear.gapMs).toBe(0);
});

it("says when the agent became quieter by 12 dB, not when one frame was", () => {
  const { ear, hear } = hearing();
  const since = hear(5000, 1000);
  hear(5000, 100);
  hear(0, 20); // a lost frame
  hear(5000, 80);
  hear(2000, 100); // 8 dB
  const ducked = hear(1200, 20); // 12.4 dB
  hear(1200, 200);
  expect(ear.quieterAt(since, 12)).toBe(ducked);
  expect(ear.quieterAt(since, 30)).toBeUndefined();
});

it("has no opinion when nothing was said before", () => {
  const { ear, hear } = hearing();
  const since = hear(0, 600);
  hear(0, 200);
  expect(ear.quieterAt(since, 12)).toBeUndefined();
});
