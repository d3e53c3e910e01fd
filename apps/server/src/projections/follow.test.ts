import { virtualClock } from "@parley/testkit";
import pino from "pino";
import { expect, test } from "vitest";
import { followLog } from "./follow.ts";

test("goes on after an outage, looks less often meanwhile, and stops when it is closed", async () => {
  const clock = virtualClock();
  let isAway = false;
  let looks = 0;
  const projections = {
    advance: async () => {
      looks += 1;
      if (isAway) throw new Error("away");
      return 0;
    },
    lag: async () => [],
    sweep: async () => undefined,
  };
  const follower = followLog({ store: { projections }, clock, log: pino({ level: "silent" }) });
  const within = async (ms: number) => {
    const before = looks;
    for (let passed = 0; passed < ms; passed += 100) await clock.advance(100);
    return looks - before;
  };
  const usual = await within(10_000);
  expect(usual).toBeGreaterThan(10);
  isAway = true;
  expect(await within(30_000)).toBeLessThan(usual);
  isAway = false;
  await within(10_000);
  expect(await within(10_000)).toBe(20);
  follower.close();
  expect(await within(10_000)).toBe(0);
});
