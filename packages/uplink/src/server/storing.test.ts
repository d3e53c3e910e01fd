import { expect, test } from "vitest";
import { silentLog } from "../log.ts";
import type { FromServer } from "../messages.ts";
import { fact } from "../test/log-file.ts";
import { memorySink } from "../test/memory-sink.ts";
import { storing } from "./storing.ts";

const facts = (first: number, last: number, epoch = 1) =>
  Array.from({ length: last - first + 1 }, (_, i) => fact("c", first + i, epoch));
const message = (batch: number, first: number, last: number, epoch = 1) => ({
  type: "facts" as const,
  batch,
  callId: "c",
  epoch,
  facts: facts(first, last, epoch),
});

function open() {
  const sink = memorySink();
  const sent: FromServer[] = [];
  const failures: number[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const work = storing({
    appendBatch: (batch) => sink.appendBatch(batch),
    send: (answer) => sent.push(answer),
    failed: () => failures.push(1),
    onDone: () => work.size === 0 && resolve(),
    worker: () => "w",
    log: silentLog,
  });
  return { sink, sent, failures, work, done };
}

test("what waits of one call and goes on is stored at once, and each message has its own answer", async () => {
  const { sink, sent, work, done } = open();
  const release = sink.hold();
  for (const [batch, first] of [1, 4, 7, 10].entries()) work.add(message(batch, first, first + 2), 100);
  expect([work.size, work.bytes]).toEqual([4, 400]);
  release();
  await done;
  expect(sink.batches).toBe(2);
  expect(sent.map((answer) => answer.type === "ack" && [answer.batch, answer.seq])).toEqual([
    [0, 3],
    [1, 6],
    [2, 9],
    [3, 12],
  ]);
  expect([work.size, work.bytes]).toEqual([0, 0]);
});

test("what does not go on from the one before goes for itself: a gap, another epoch", async () => {
  const { sink, sent, work, done } = open();
  const release = sink.hold();
  work.add(message(0, 1, 3), 100);
  work.add(message(1, 4, 5), 100);
  work.add(message(2, 8, 9), 100);
  work.add(message(3, 6, 7, 2), 100);
  release();
  await done;
  expect(sink.batches).toBe(4);
  expect(sent).toMatchObject([{ seq: 3 }, { seq: 5 }, { seq: 5, gap: true }, { seq: 7 }]);
});

test("of messages that went together only the malformed one is refused", async () => {
  const { sink, sent, work, done } = open();
  const append = sink.appendBatch;
  sink.appendBatch = async (batch) => {
    if (batch.facts.some(({ seq }) => seq === 6)) throw Object.assign(new Error("fact 6: bad"), { retryable: false });
    return append(batch);
  };
  const release = sink.hold();
  for (const [batch, first] of [1, 4, 6].entries()) work.add(message(batch, first, first + (first === 1 ? 2 : 1)), 100);
  release();
  await done;
  expect(sent).toMatchObject([
    { type: "ack", batch: 0, seq: 3 },
    { type: "ack", batch: 1, seq: 5 },
    { type: "refused", batch: 2, reason: "invalid" },
  ]);
});

test("nothing is stored behind what could not be, of any call", async () => {
  const { sink, sent, failures, work, done } = open();
  sink.failNext(Object.assign(new Error("no database"), { retryable: true }));
  work.add(message(0, 1, 3), 100);
  work.add(message(1, 4, 6), 100);
  await done;
  expect([sink.stored, sent, failures]).toEqual([[], [], [1]]);
});
