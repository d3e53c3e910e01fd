import { callStarted } from "@parley/testkit/facts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { StoredFact } from "../facts/fact.ts";
import { openStore, type Store } from "../store.ts";
import { type TestPostgres, testPostgres } from "../test/postgres.ts";

let postgres: TestPostgres;
let store: Store;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = await openStore({ url: await postgres.database() });
  return () => store.close();
});

const DAY = Date.UTC(2026, 5, 30, 12);
const used = (more: { stage: string; [amount: string]: unknown }) => ({
  type: "usage-reported",
  model: `m-${more.stage}`,
  ...more,
});
const heard = (heardMs: number) => ({ type: "reply-finished", replyId: "r", turnId: null, heardMs, failed: null });
const closed = { type: "call-closed", reason: "hung up" };

/** Facts of a call behind `from`, a second apart. */
async function append(callId: string, bodies: object[], { from = 0, epoch = 1 } = {}): Promise<void> {
  const facts = bodies.map((body, index) => {
    const seq = from + index + 1;
    return { callId, epoch, seq, at: seq * 1_000, version: 1, type: "", ...body } as StoredFact;
  });
  await store.facts.appendBatch({ callId, epoch, facts });
}
const begin = (tenantId: string | null, wallMs = DAY) =>
  callStarted({ tenantId, wallMs, agent: "front-desk", room: "r" }) as object;
async function sums(by: "day" | "month" | "agent", tenantId?: string) {
  while ((await store.projections.advance()) > 0);
  return store.usage.sum({ from: "2026-01-01", to: "2027-01-01", by, tenantId });
}

test("is summed by day, month and agent, each tenant's alone", async () => {
  const usage = [
    used({ stage: "llm", inputTokens: 100, outputTokens: 20 }),
    used({ stage: "tts", characters: 40, audioMs: 9_000 }),
    used({ stage: "stt", audioMs: 3_000 }),
    heard(2_500),
  ];
  await append("a1", [begin("a"), ...usage, closed]);
  await append("a2", [begin("a", DAY + 24 * 3_600_000), usage[0]!, closed]);
  await append("b1", [begin("b"), usage[0]!, closed]);
  expect(await sums("day", "a")).toEqual([
    {
      key: "2026-06-30",
      calls: 1,
      callMs: 6_000,
      inputTokens: 100,
      outputTokens: 20,
      characters: 40,
      transcribedMs: 3_000,
      spokenMs: 2_500,
    },
    expect.objectContaining({ key: "2026-07-01", calls: 1, callMs: 3_000, inputTokens: 100 }),
  ]);
  expect(await sums("month", "a")).toMatchObject([{ key: "2026-06-01" }, { key: "2026-07-01" }]);
  expect(await sums("agent")).toMatchObject([{ key: "front-desk", calls: 3, inputTokens: 300 }]);
  expect(await sums("day", "nobody")).toEqual([]);
});

test("follows a live call, and a log that another owner has rewritten counts as it stands", async () => {
  await append("c", [begin(null), used({ stage: "llm", inputTokens: 10 })]);
  expect(await sums("day")).toMatchObject([{ calls: 1, inputTokens: 10 }]);
  await append("c", [used({ stage: "llm", inputTokens: 5 }), used({ stage: "llm", inputTokens: 5 })], { from: 2 });
  expect(await sums("day")).toMatchObject([{ calls: 1, inputTokens: 20 }]);
  await append("c", [used({ stage: "llm", inputTokens: 1 }), closed], { from: 2, epoch: 2 });
  expect(await sums("day")).toMatchObject([{ calls: 1, inputTokens: 11, callMs: 4_000 }]);
});

test("is not led astray by what no worker of ours would say", async () => {
  await append("c", [
    begin(null),
    used({ stage: "llm", inputTokens: "many" }),
    used({ stage: "none", inputTokens: 7 }),
    { type: "reply-finished" },
    used({ stage: "llm", inputTokens: 3 }),
  ]);
  expect(await sums("day")).toMatchObject([{ inputTokens: 3, spokenMs: 0 }]);
});

test("the last place is given once, however many ask at a time; it is free again after its time", async () => {
  await store.tenants.create({ tenantId: "a", name: "A", settings: {} });
  const take = (callId: string, placeMs = 60_000) =>
    store.places.take({ tenantId: "a", callIds: [callId], maxCalls: 3, maxMinutes: null, placeMs });
  await append("live", [begin("a")]);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => take(`n${index}`)));
  expect(answers.filter(({ granted }) => granted).length).toBe(2);
  expect(answers).toContainEqual({ granted: false, limit: "maxConcurrentCalls", used: 3 });
  // A place whose call has begun is that call, and goes with it.
  const index = answers.findIndex(({ granted }) => granted);
  await append(`n${index}`, [begin("a")]);
  expect(await take("more")).toMatchObject({ granted: false, used: 3 });
  await append(`n${index}`, [closed], { from: 1 });
  expect(await take("short", 0)).toEqual({ granted: true });
  expect(await take("next")).toEqual({ granted: true });
  expect(await take("one too many")).toMatchObject({ granted: false });
});

test("no more minutes than there are in the month, those of calls that go on included", async () => {
  await store.tenants.create({ tenantId: "a", name: "A", settings: {} });
  const take = (maxMinutes: number) =>
    store.places.take({ tenantId: "a", callIds: ["n"], maxCalls: null, maxMinutes, placeMs: 1_000 });
  const now = Date.now();
  await append("c", [begin("a", now - 600_000)]);
  await sums("day");
  expect(await take(11)).toEqual({ granted: true });
  expect(await take(10)).toEqual({ granted: false, limit: "maxMinutesPerMonth", used: 10 });
});
