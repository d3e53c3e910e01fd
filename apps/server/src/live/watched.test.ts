import { expect, test } from "vitest";
import { watchedCalls } from "./watched.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("who runs a watched call is asked again before it stops telling, sooner when nobody heard, and not at the end", async () => {
  const timers: { ms: number; run: () => void }[] = [];
  const asked: [string, number][] = [];
  let isHeard = false;
  const watched = watchedCalls({
    async ask(callId, forMs) {
      asked.push([callId, forMs]);
      return isHeard;
    },
    clock: {
      now: () => 0,
      wall: () => 0,
      after(ms, run) {
        const timer = { ms, run };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
      },
    },
  });
  watched.begin("c");
  watched.begin("c");
  await settle();
  expect([asked, timers.map(({ ms }) => ms)]).toEqual([[["c", 30_000]], [2_000]]);
  isHeard = true;
  timers.shift()!.run();
  await settle();
  expect([asked.length, timers.map(({ ms }) => ms)]).toEqual([2, [20_000]]);
  timers[0]!.run();
  watched.end("c");
  await settle();
  expect([asked.length, timers.length]).toEqual([3, 0]);
});
