import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { StoredFact } from "./facts/fact.ts";
import { openStore, type Store } from "./store.ts";
import { JUNE, log } from "./test/facts.ts";
import { type TestPostgres, testPostgres, withClient } from "./test/postgres.ts";

let postgres: TestPostgres;
let url: string;
let store: Store;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  url = await postgres.database();
  store = await openStore({ url });
  return () => store.close();
});

const append = (facts: StoredFact[], to = store) =>
  to.facts.appendBatch({ callId: facts[0]?.callId ?? "", epoch: facts[0]?.epoch ?? 0, facts });
const seqs = async (callId: string) => (await store.facts.read(callId)).facts.map((fact) => fact.seq);

describe("appending", () => {
  test("gives back what was stored, fact for fact", async () => {
    const facts = log("c1", 1, 5);
    expect(await append(facts)).toEqual({ status: "stored", ackedSeq: 5, stored: 5 });
    expect((await store.facts.read("c1")).facts).toEqual(facts);
  });

  test("stores a repeated, an overlapping and an empty batch once", async () => {
    await append(log("c1", 1, 5));
    expect(await append(log("c1", 1, 5))).toEqual({ status: "stored", ackedSeq: 5, stored: 0 });
    expect(await append(log("c1", 3, 8))).toEqual({ status: "stored", ackedSeq: 8, stored: 3 });
    expect(await store.facts.appendBatch({ callId: "c1", epoch: 1, facts: [] })).toMatchObject({ ackedSeq: 8 });
    expect(await seqs("c1")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await store.calls.get("c1")).toMatchObject({ factCount: 8, lastSeq: 8 });
  });

  test("stores once when several connections and replicas send the same at the same time", async () => {
    const other = await openStore({ url });
    const batches = Array.from({ length: 24 }, (_, i) => append(log("c1", 1, 10 + (i % 7)), i % 2 ? other : store));
    for (const result of await Promise.all(batches)) expect(result.status).toBe("stored");
    expect(await seqs("c1")).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(await store.calls.get("c1")).toMatchObject({ factCount: 16 });
    await other.close();
  });

  test("batches of one call that overlap in time never take the call's row back", async () => {
    const other = await openStore({ url });
    await append(log("c1", 1, 1));
    for (let last = 1; last < 160; last += 16) {
      const ends = [16, 3, 11, 7, 14, 5].map((more) => last + more);
      await Promise.all(ends.map((end, i) => append(log("c1", Math.max(1, last - i), end), i % 2 ? other : store)));
      expect(await store.calls.get("c1")).toMatchObject({ lastSeq: last + 16, factCount: last + 16 });
    }
    await other.close();
  });

  test("stores nothing behind a gap and says from where to send again", async () => {
    await append(log("c1", 1, 3));
    expect(await append(log("c1", 6, 9))).toEqual({ status: "gap", ackedSeq: 3 });
    expect(await append(log("unknown", 4, 5))).toEqual({ status: "gap", ackedSeq: 0 });
    expect(await store.calls.get("unknown")).toBe(null);
    const [a, b, , d] = log("c1", 4, 7);
    expect(await append([a!, b!, d!])).toEqual({ status: "stored", ackedSeq: 5, stored: 2 });
    expect(await seqs("c1")).toEqual([1, 2, 3, 4, 5]);
  });

  test("refuses an older epoch once a takeover has written", async () => {
    await append(log("c1", 1, 3));
    expect(await append(log("c1", 4, 5, 2))).toMatchObject({ status: "stored", ackedSeq: 5 });
    expect(await append(log("c1", 4, 9))).toEqual({ status: "stale-epoch", currentEpoch: 2 });
    expect((await store.facts.read("c1")).facts.map((fact) => fact.epoch)).toEqual([1, 1, 1, 2, 2]);
  });

  test("refuses older epochs from the moment the call is given away, before the new owner has written", async () => {
    await append(log("c1", 1, 6));
    await store.facts.fence("c1", 1_000);
    await store.facts.fence("c1", 3);
    expect(await store.calls.get("c1")).toMatchObject({ epoch: 1, lastEpoch: 1_000 });
    expect(await append(log("c1", 7, 9))).toEqual({ status: "stale-epoch", currentEpoch: 1_000 });
    expect(await append(log("c1", 7, 9, 999))).toMatchObject({ status: "stale-epoch" });
    // The new owner could not read all of what was there.
    expect(await append(log("c1", 5, 6, 1_000))).toEqual({ status: "stored", ackedSeq: 6, stored: 2 });
    expect((await store.facts.read("c1")).facts.map((fact) => fact.epoch)).toEqual([1, 1, 1, 1, 1_000, 1_000]);
    await store.facts.fence("unknown", 5);
    expect(await store.calls.get("unknown")).toBe(null);
  });

  test("a takeover from a shorter copy of the log counts from there", async () => {
    await append(log("c1", 1, 6));
    expect(await append(log("c1", 4, 5, 2))).toEqual({ status: "stored", ackedSeq: 5, stored: 2 });
    const { facts } = await store.facts.read("c1");
    expect(facts.map((fact) => [fact.seq, fact.epoch])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
      [5, 2],
    ]);
  });

  test("holds NUL, lone surrogates, foreign keys and deep nesting", async () => {
    let deep: unknown = "bottom";
    for (let i = 0; i < 20_000; i += 1) deep = [deep];
    const [started, fact] = log("c1", 1, 2);
    const odd = JSON.parse('{"__proto__":{"x":1},"text":"a\\u0000b","half":"\\ud800x","k\\u0000":1,"big":1e308}');
    expect(await append([started!, { ...fact!, ...odd, __proto__x: odd, deep }])).toMatchObject({ ackedSeq: 2 });
    const [, kept] = (await store.facts.read("c1")).facts;
    expect(kept).toMatchObject({ text: "a\uFFFDb", half: "\uFFFDx", "k\uFFFD": 1, big: 1e308 });
  });

  test("keeps the place of a fact that is too large, not its body", async () => {
    const facts = log("c1", 1, 3);
    facts[1] = { ...facts[1]!, text: "x".repeat(300 * 1024) };
    expect(await append(facts)).toMatchObject({ ackedSeq: 3 });
    const [, kept] = (await store.facts.read("c1")).facts;
    expect(kept).toEqual({
      callId: "c1",
      epoch: 1,
      seq: 2,
      at: 20,
      version: 1,
      type: "speech-started",
      omitted: { bytes: expect.any(Number), limitBytes: 262_144 },
    });
  });

  test("calls whose facts come at once are each where they were, whatever becomes of the others", async () => {
    const calls = Array.from({ length: 30 }, (_, i) => `c${i}`);
    for (const callId of calls) await append(log(callId, 1, 1));
    await store.facts.fence("c7", 9);
    await append(log("c8", 2, 4));
    const results = await Promise.all(
      calls.map((callId) => append(callId === "c9" ? log(callId, 5, 6) : log(callId, 2, 3))),
    );
    for (const [i, result] of results.entries()) {
      if (i === 7) expect(result).toEqual({ status: "stale-epoch", currentEpoch: 9 });
      else if (i === 8) expect(result).toEqual({ status: "stored", ackedSeq: 4, stored: 0 });
      else if (i === 9) expect(result).toEqual({ status: "gap", ackedSeq: 1 });
      else expect(result).toEqual({ status: "stored", ackedSeq: 3, stored: 2 });
    }
    expect(await seqs("c6")).toEqual([1, 2, 3]);
    expect(await seqs("c7")).toEqual([1]);
    expect(await seqs("c8")).toEqual([1, 2, 3, 4]);
  });

  test("a call that fails its group does not fail the others", async () => {
    await append(log("june", 1, 2));
    await append(log("july", 1, 2, 1, Date.UTC(2026, 6, 1)));
    await withClient(url, (client) => client.query("drop table facts_2026_06"));
    const results = await Promise.all([append(log("june", 3, 4)), append(log("july", 3, 4))]);
    expect(results.map((result) => result.status)).toEqual(["stored", "stored"]);
    expect(await seqs("june")).toEqual([3, 4]);
    expect(await seqs("july")).toEqual([1, 2, 3, 4]);
  });

  test("refuses a bad envelope by name and stores nothing of its batch", async () => {
    const good = log("c1", 1, 3);
    const bad: [Partial<StoredFact>, RegExp][] = [
      [{ at: Number.NaN }, /at must be/],
      [{ at: -1 }, /at must be/],
      [{ seq: 1.5 }, /seq must be/],
      [{ seq: 3e9 }, /seq must be/],
      [{ type: "" }, /type must be/],
      [{ type: "x".repeat(99) }, /type must be/],
      [{ callId: "c2" }, /callId is not "c1"/],
      [{ epoch: 7 }, /epoch is not 1/],
    ];
    for (const [change, message] of bad) {
      const batch = { callId: "c1", epoch: 1, facts: [good[0]!, { ...good[1]!, ...change }] };
      await expect(store.facts.appendBatch(batch)).rejects.toMatchObject({ code: "fact-invalid", message });
    }
    for (const callId of ["", "../etc", "a b", "x".repeat(129)]) {
      await expect(store.facts.appendBatch({ callId, epoch: 1, facts: [] })).rejects.toMatchObject({
        code: "fact-invalid",
      });
    }
    expect((await store.calls.list()).calls).toEqual([]);
  });
});

describe("partitions", () => {
  const partitions = () =>
    withClient(url, async (client) => {
      const { rows } = await client.query(
        "select inhrelid::regclass::text as name, (select count(*)::int from facts f where f.tableoid = inhrelid) as facts from pg_inherits where inhparent = 'facts'::regclass order by 1",
      );
      return rows;
    });

  test("a call's facts stay in the month in which it began", async () => {
    await append(log("c1", 1, 2));
    const late = log("c1", 3, 4).map((fact) => ({ ...fact, at: 40 * 24 * 3600 * 1000 }));
    await append(late);
    await append(late);
    expect(await partitions()).toEqual([{ name: "facts_2026_06", facts: 4 }]);
  });

  test("are made once when many calls of a new month come at the same time from several replicas", async () => {
    const others = await Promise.all([openStore({ url }), openStore({ url })]);
    const stores = [store, ...others];
    const months = [JUNE, Date.UTC(2026, 6, 1), Date.UTC(2026, 7, 1)];
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => append(log(`c${i}`, 1, 3, 1, months[i % 3]), stores[Math.floor(i / 3) % 3])),
    );
    expect(await partitions()).toEqual([
      { name: "facts_2026_06", facts: 30 },
      { name: "facts_2026_07", facts: 30 },
      { name: "facts_2026_08", facts: 30 },
    ]);
    await Promise.all(others.map((other) => other.close()));
  });

  test("are made again after they were dropped", async () => {
    await append(log("c1", 1, 2));
    await withClient(url, (client) => client.query("drop table facts_2026_06"));
    expect(await append(log("c2", 1, 2))).toMatchObject({ ackedSeq: 2 });
  });

  test("a wall clock that was never set does not make a partition of 1970", async () => {
    await append(log("c1", 1, 1, 1, 0));
    expect((await store.calls.get("c1"))?.startedAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });
});

describe("calls", () => {
  test("a call's row follows its facts", async () => {
    await append(log("c1", 1, 2));
    expect(await store.calls.get("c1")).toEqual({
      callId: "c1",
      epoch: 1,
      lastEpoch: 1,
      status: "live",
      agent: "front desk",
      room: "room-1",
      tenantId: null,
      from: "+1555",
      to: null,
      language: "en",
      startedAt: new Date(JUNE),
      endedAt: null,
      endReason: null,
      factCount: 2,
      lastSeq: 2,
    });
    const closed = { callId: "c1", epoch: 1, seq: 3, at: 61_000, version: 1, type: "call-closed", reason: "hung up\0" };
    await append([closed]);
    expect(await store.calls.get("c1")).toMatchObject({
      status: "ended",
      endedAt: new Date(JUNE + 61_000),
      endReason: "hung up\uFFFD",
    });
  });

  test("are listed newest first, page by page, equal times included", async () => {
    for (let i = 0; i < 7; i += 1) await append(log(`c${i}`, 1, 1, 1, JUNE + Math.floor(i / 3) * 1000));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.calls.list({ limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...page.calls.map((call) => call.callId));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(["c6", "c5", "c4", "c3", "c2", "c1", "c0"]);
    await expect(store.calls.list({ cursor: "nonsense" })).rejects.toMatchObject({ code: "cursor-invalid" });
  });

  test("that are live are listed by id, page by page, and only those of which nothing came lately", async () => {
    for (const callId of ["c3", "c1", "c2", "ended"]) await append(log(callId, 1, 2));
    await append([{ callId: "ended", epoch: 1, seq: 3, at: 30, version: 1, type: "call-closed", reason: "hung up" }]);
    const ids = async (page: object) => (await store.calls.listLive(page)).map((call) => call.callId);
    expect(await ids({ limit: 2 })).toEqual(["c1", "c2"]);
    expect(await ids({ limit: 2, afterCallId: "c2" })).toEqual(["c3"]);
    expect(await ids({ idleMs: 60_000 })).toEqual([]);
    await withClient(url, (client) =>
      client.query("update calls set updated_at = now() - interval '61 s' where call_id in ('c2', 'ended')"),
    );
    expect(await ids({ idleMs: 60_000 })).toEqual(["c2"]);
  });

  test("a log is read page by page", async () => {
    await append(log("c1", 1, 25));
    const first = await store.facts.read("c1", { limit: 10 });
    expect(first).toMatchObject({ nextAfterSeq: 10, facts: { length: 10 } });
    const last = await store.facts.read("c1", { limit: 10, afterSeq: 20 });
    expect(last).toMatchObject({ nextAfterSeq: null, facts: { length: 5 } });
    expect(await store.facts.read("nobody")).toEqual({ facts: [], nextAfterSeq: null });
  });
});

test("worker keys are found by their text, kept as hashes, and revoked", async () => {
  await store.workerKeys.put("eu-1", "a-long-enough-worker-key");
  expect(await store.workerKeys.find("a-long-enough-worker-key")).toBe("eu-1");
  expect(await store.workerKeys.find("another-long-worker-key")).toBe(null);
  const { rows } = await withClient(url, (client) => client.query("select worker_keys::text as text from worker_keys"));
  expect(rows[0].text).not.toContain("long-enough");
  expect(await store.workerKeys.revoke("eu-1")).toBe(true);
  expect(await store.workerKeys.revoke("eu-1")).toBe(false);
  expect(await store.workerKeys.find("a-long-enough-worker-key")).toBe(null);
  await expect(store.workerKeys.put("eu-1", "short")).rejects.toMatchObject({ code: "worker-key-weak" });
});

test("goes on after Postgres has cut its connections", async () => {
  await append(log("c1", 1, 2));
  await withClient(url, (client) =>
    client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    ),
  );
  const again = await append(log("c1", 1, 4)).catch((error) => {
    expect(error).toMatchObject({ retryable: true });
    return append(log("c1", 1, 4));
  });
  expect(again).toMatchObject({ status: "stored", ackedSeq: 4 });
});
