import { expect, test } from "vitest";
import type { NextFacts } from "./append-next.ts";
import { gather } from "./gather.ts";

const next = (callId: string, firstSeq: number, count = 1, bytes = 100): NextFacts => ({
  callId,
  epoch: 1,
  firstSeq,
  lastSeq: firstSeq + count - 1,
  count,
  rows: [],
  bytes,
});
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A store whose groups end when the test says so. */
function held() {
  const groups: { calls: string[]; end(result?: boolean[] | Error): void }[] = [];
  const add = gather((group) => {
    const { promise, resolve, reject } = Promise.withResolvers<boolean[]>();
    groups.push({
      calls: group.map(({ callId, firstSeq }) => `${callId}${firstSeq}`),
      end: (result = group.map(() => true)) => (result instanceof Error ? reject(result) : resolve(result)),
    });
    return promise;
  });
  return { groups, add };
}

test("what comes in one turn goes together; what comes meanwhile, as soon as a place is free", async () => {
  const { groups, add } = held();
  const first = [add(next("a", 2)), add(next("b", 2))];
  await turn();
  const second = add(next("c", 2));
  await turn();
  const third = [add(next("d", 2)), add(next("e", 2)), add(next("f", 2))];
  await turn();
  expect(groups.map(({ calls }) => calls)).toEqual([["a2", "b2"], ["c2"]]);
  groups[0]?.end([true, false]);
  expect(await Promise.all(first)).toEqual([true, false]);
  expect(groups[2]?.calls).toEqual(["d2", "e2", "f2"]);
  groups[1]?.end();
  groups[2]?.end();
  expect(await second).toBe(true);
  expect(await Promise.all(third)).toEqual([true, true, true]);
});

test("a call is never in two groups at a time, and stays in order", async () => {
  const { groups, add } = held();
  void add(next("a", 2));
  void add(next("a", 3));
  void add(next("b", 2));
  await turn();
  expect(groups.map(({ calls }) => calls)).toEqual([["a2", "b2"]]);
  groups[0]?.end();
  await turn();
  expect(groups[1]?.calls).toEqual(["a3"]);
});

test("a group has a bound, in facts and in bytes; one that is larger goes alone", async () => {
  const { groups, add } = held();
  void add(next("a", 2, 3_000));
  void add(next("b", 2, 3_000));
  void add(next("c", 2, 1, 3_000_000));
  await turn();
  expect(groups.map(({ calls }) => calls)).toEqual([["a2"], ["b2"]]);
  groups[0]?.end();
  await turn();
  expect(groups[2]?.calls).toEqual(["c2"]);
});

test("a group that fails tells all of it, and the next one goes on", async () => {
  const { groups, add } = held();
  const failing = [add(next("a", 2)), add(next("b", 2))];
  await turn();
  groups[0]?.end(new Error("no database"));
  for (const one of failing) await expect(one).rejects.toThrow("no database");
  const after = add(next("a", 2));
  await turn();
  groups[1]?.end();
  expect(await after).toBe(true);
});
