import { expect, test } from "vitest";
import { eventStream } from "./events.ts";

function setUp() {
  const timers: (() => void)[] = [];
  let gone = 0;
  const stream = eventStream({
    clock: {
      now: () => 0,
      wall: () => 0,
      after(_ms, run) {
        timers.push(run);
        return () => void timers.splice(0);
      },
    },
    gone: () => {
      gone += 1;
    },
  });
  return { ...stream, timers, pass: () => timers.shift()?.(), gone: () => gone };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));
const BIG = JSON.stringify("x".repeat(900_000));

test("facts are events with the last seq as their id, and a silent stream is kept open by comments", async () => {
  const { sink, body, pass, timers, gone } = setUp();
  let text = "";
  body.on("data", (chunk) => {
    text += chunk;
  });
  await sink.facts("[1,2]", 2);
  sink.caughtUp();
  await settle();
  pass();
  sink.over("call-ended");
  await settle();
  expect(text).toBe("id: 2\nevent: facts\ndata: [1,2]\n\nevent: live\ndata: {}\n\n:\n\nevent: ended\ndata: {}\n\n");
  expect([timers.length, gone()]).toEqual([0, 1]);
});

test("who reads too slowly is cut when too much waits", async () => {
  const { sink, body, gone } = setUp();
  for (let seq = 1; seq <= 5; seq++) void sink.facts(BIG, seq);
  await settle();
  expect([body.destroyed, gone()]).toEqual([true, 1]);
});

test("who reads nothing at all is cut at the second look", async () => {
  const { sink, body, pass } = setUp();
  for (let seq = 1; seq <= 3; seq++) void sink.facts(BIG, seq);
  pass();
  expect(body.destroyed).toBe(false);
  pass();
  expect(body.destroyed).toBe(true);
});
