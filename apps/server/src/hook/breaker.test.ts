import { expect, test } from "vitest";
import { breaker } from "./breaker.ts";

test("a hook that fails five times in a row is left alone for 30 s; then one call tries", () => {
  let nowMs = 0;
  const hooks = breaker({ now: () => nowMs, wall: () => 1_000 + nowMs });
  const fail = (times: number) => {
    for (let n = 0; n < times; n++) hooks.failed("a", "hook-timeout");
  };
  fail(4);
  hooks.worked("a");
  fail(4);
  expect([hooks.mayAsk("a"), hooks.health("a").status]).toEqual([true, "failing"]);
  fail(1);
  expect([hooks.mayAsk("a"), hooks.mayAsk("b")]).toEqual([false, true]);
  expect(hooks.health("a")).toEqual({ status: "skipped", lastError: "hook-timeout", failedAt: 1_000 });
  nowMs = 29_999;
  expect(hooks.mayAsk("a")).toBe(false);
  nowMs = 30_000;
  expect([hooks.mayAsk("a"), hooks.mayAsk("a")]).toEqual([true, false]);
  fail(1);
  nowMs = 59_999;
  expect(hooks.mayAsk("a")).toBe(false);
  nowMs = 60_000;
  expect(hooks.mayAsk("a")).toBe(true);
  hooks.worked("a");
  expect([hooks.mayAsk("a"), hooks.mayAsk("a"), hooks.health("a").status]).toEqual([true, true, "working"]);
});
