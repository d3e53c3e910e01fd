import { expect, test } from "vitest";
import { retryAfterMs } from "./backoff.ts";

const waits = (random: number): number[] => {
  const all: number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const wait = retryAfterMs(attempt, random);
    if (wait === null) return all;
    all.push(wait);
  }
};

test("waits ever longer, for more than a day, and then no more", () => {
  const all = waits(0.5);
  expect(all).toEqual([...all].sort((a, b) => a - b));
  expect(all.length).toBe(12);
  expect(all.reduce((sum, wait) => sum + wait, 0) / 3_600_000).toBeGreaterThan(24);
});

test("what failed together does not come back together", () => {
  expect(waits(0)[5]).toBeLessThan(waits(0.5)[5]!);
  expect(waits(1)[5]).toBeGreaterThan(waits(0.5)[5]!);
});
