import { expect, it } from "vitest";
import { createRipple } from "./ripple.ts";

const quiet = { you: 0, agent: 0 };

it("carries a sound outward, one bar every 55 ms", () => {
  const ripple = createRipple(10);
  ripple.advance(1_000, quiet);
  ripple.advance(1_055, { you: 1, agent: 0 });
  const heard = ripple.bar(0).you;
  expect(heard).toBeGreaterThan(0.5);
  ripple.advance(1_055 + 3 * 55, quiet);
  expect(ripple.bar(3).you).toBe(heard);
  expect(ripple.bar(3).agent).toBe(0);
});

it("falls slower than it rises", () => {
  const ripple = createRipple(10);
  ripple.advance(1_000, { you: 0, agent: 1 });
  ripple.advance(1_060, { you: 0, agent: 1 });
  const loud = ripple.bar(0).agent;
  ripple.advance(1_120, quiet);
  expect(ripple.bar(0).agent).toBeGreaterThan(loud * 0.8);
});

it("is bounded, and a hidden tab leaves no backlog", () => {
  const ripple = createRipple(4);
  for (let nowMs = 0; nowMs < 10_000; nowMs += 16) ripple.advance(nowMs, { you: 0.5, agent: 0.5 });
  expect(ripple.bar(3).you).toBeGreaterThan(0);
  expect(ripple.bar(4).you).toBe(0);
  ripple.advance(3_600_000, quiet);
  expect(ripple.progress()).toBeLessThanOrEqual(1);
});
