import type { ParleyError } from "@parley/engine";
import { createLog } from "@parley/worker/log";
import { describe, expect, it } from "vitest";
import { reviving } from "./revive.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

function setUp(again: () => Promise<void>) {
  let nowMs = 0;
  const ends: ParleyError[] = [];
  const died = (error: ParleyError) => void ends.push(error);
  const revive = reviving("postgres", { again, died, log: createLog("test", "silent"), now: () => nowMs });
  return {
    revive,
    ends,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe("an embedded part that dies", () => {
  it("is started again, as often as it takes, unless it dies four times in a minute", async () => {
    let starts = 0;
    const { revive, ends, pass } = setUp(async () => void starts++);
    for (let death = 0; death < 9; death++) {
      revive("it died.");
      pass(21_000);
    }
    expect([starts, ends.length]).toEqual([9, 0]);
    for (let death = 0; death < 2; death++) revive("it died.");
    expect(ends).toMatchObject([{ code: "postgres-died", message: expect.stringContaining("it died.") }]);
  });

  it("is given up when it cannot be started, with the reason", async () => {
    const { revive, ends } = setUp(() => Promise.reject(new Error("no space left")));
    revive("it died.");
    await settle();
    expect(ends).toMatchObject([{ message: expect.stringContaining("no space left") }]);
  });
});
