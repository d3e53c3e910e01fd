import { sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type KeyRing, keyRing } from "../data-keys/data-keys.ts";
import { openNames } from "../data-keys/open.ts";
import { wrapping } from "../data-keys/wrapped.ts";
import type { StoredFact } from "../facts/fact.ts";
import { silentLog } from "../log.ts";
import { openStore, type Store } from "../store.ts";
import { log } from "../test/facts.ts";
import { type TestPostgres, testPostgres, withClient } from "../test/postgres.ts";
import type { Projection } from "./projection.ts";
import { type Projections, projectionsIn } from "./projections.ts";

let postgres: TestPostgres;
let url: string;
let store: Store;
let db: NodePgDatabase;
let keys: KeyRing;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  url = await postgres.database();
  store = await openStore({ url });
  const pool = new Pool({ connectionString: url, max: 6 });
  db = drizzle(pool);
  const wraps = wrapping([]);
  keys = keyRing(db, { wraps, names: await openNames(db, wraps), isSealing: true });
  await db.execute(sql`create table seen (call_id text, seq integer, epoch integer)`);
  return async () => {
    await pool.end();
    await store.close();
  };
});

/** Writes down each fact that it is given; one given twice stands there twice. */
const witness = (more: Partial<Projection> = {}): Projection => ({
  name: "witness",
  types: ["call-started", "speech-started", "call-closed"],
  async apply(tx, calls) {
    for (const { callId, facts, fromStart } of calls) {
      if (fromStart) await tx.execute(sql`delete from seen where call_id = ${callId}`);
      for (const { seq, epoch } of facts) await tx.execute(sql`insert into seen values (${callId}, ${seq}, ${epoch})`);
    }
  },
  ...more,
});
const projections = (projection = witness()): Projections => projectionsIn(db, keys, [projection], silentLog);
const append = (facts: StoredFact[]) =>
  store.facts.appendBatch({ callId: facts[0]!.callId, epoch: facts[0]!.epoch, facts });
const closed = (callId: string, seq: number, epoch = 1): StoredFact => {
  return { callId, epoch, seq, at: seq * 10, version: 1, type: "call-closed", reason: "hung up" };
};
async function toTheEnd(all: Projections): Promise<void> {
  while ((await all.advance()) > 0);
}
async function seen(callId: string): Promise<[number, number][]> {
  const { rows } = await db.execute<{ seq: number; epoch: number }>(
    sql`select seq, epoch from seen where call_id = ${callId} order by seq`,
  );
  return rows.map(({ seq, epoch }) => [seq, epoch]);
}
const asStored = async (callId: string) =>
  (await store.facts.read(callId, { limit: 1_000 })).facts.map(({ seq, epoch }) => [seq, epoch]);

test("a projection that is new begins with the calls that are there, ended ones too", async () => {
  await append(log("live", 1, 3));
  await append([...log("over", 1, 3), closed("over", 4)]);
  await toTheEnd(projections());
  expect(await seen("live")).toEqual(await asStored("live"));
  expect(await seen("over")).toEqual(await asStored("over"));
  await append(log("live", 4, 6));
  await toTheEnd(projections());
  expect(await seen("live")).toEqual(await asStored("live"));
  expect(await projections().advance()).toBe(0);
});

test("a call whose transaction commits late is not passed over", async () => {
  const all = projections();
  await toTheEnd(all);
  const late = new Client({ connectionString: url });
  await late.connect();
  await late.query("begin");
  await late.query(
    "insert into calls (call_id, call_month, epoch, started_at) values ('late', '2026-06-01', 1, '2026-06-30')",
  );
  await append([...log("early", 1, 2), closed("early", 3)]);
  await toTheEnd(all);
  await late.query("commit");
  await late.end();
  await append(log("late", 1, 5));
  await toTheEnd(all);
  expect(await seen("early")).toEqual(await asStored("early"));
  expect((await seen("late")).length).toBe(5);
});

test("under many writers and three replicas each fact is seen once", async () => {
  const others = [projections(), projections(), projections()];
  let isWriting = true;
  const followers = others.map(async (all) => {
    while (isWriting) if ((await all.advance()) === 0) await new Promise((resolve) => setImmediate(resolve));
  });
  const calls = Array.from({ length: 24 }, (_, index) => `c${index}`);
  await Promise.all(
    calls.map(async (callId, index) => {
      for (let seq = 1; seq < 60; seq += 6) await append(log(callId, seq, seq + 5));
      // A third ends, a third is taken over from a shorter copy, and ends or goes on.
      if (index % 3 === 0) await append([closed(callId, 61)]);
      if (index % 3 === 1) await append([...log(callId, 40, 50, 2), closed(callId, 51, 2)]);
      if (index % 3 === 2) await append(log(callId, 40, 45, 2));
    }),
  );
  isWriting = false;
  await Promise.all(followers);
  await toTheEnd(others[0]!);
  for (const callId of calls) expect([callId, await seen(callId)]).toEqual([callId, await asStored(callId)]);
  expect(await others[0]!.lag()).toEqual([{ projection: "witness", calls: 0, since: null }]);
});

test("what was undone with its transaction is done again; a call that cannot be projected holds up no other", async () => {
  await append(log("bad", 1, 3));
  await append(log("good", 1, 3));
  const { apply } = witness();
  const broken = witness({
    async apply(tx, calls) {
      await apply(tx, calls);
      if (calls.some(({ callId }) => callId === "bad")) throw new Error("cannot");
    },
  });
  await projections(broken).advance();
  expect(await seen("good")).toEqual(await asStored("good"));
  expect(await seen("bad")).toEqual([]);
  expect(await projections().lag()).toMatchObject([{ calls: 1, since: expect.any(Date) }]);
  await db.execute(sql`update projection_calls set retry_at = now()`);
  await toTheEnd(projections());
  expect(await seen("bad")).toEqual(await asStored("bad"));
});

test("a call that goes on after its end is followed again", async () => {
  const all = projections();
  await append([...log("c1", 1, 2), closed("c1", 3)]);
  await toTheEnd(all);
  const recovered = { callId: "c1", epoch: 2, seq: 4, at: 50, version: 1, type: "call-recovered", wallMs: 0, by: "x" };
  await append([recovered, ...log("c1", 5, 9, 2)]);
  await toTheEnd(all);
  expect((await seen("c1")).map(([seq]) => seq)).toEqual([1, 2, 3, 5, 6, 7, 8, 9]);
  await append([closed("c1", 10, 2)]);
  await toTheEnd(all);
  expect((await seen("c1")).length).toBe(9);
});

test("a long log comes in windows, an erased call leaves nothing behind, and the feed is cleared", async () => {
  const all = projections();
  for (let seq = 1; seq <= 4_500; seq += 500) await append(log("long", seq, seq + 499));
  await append(log("erased", 1, 2));
  await toTheEnd(all);
  expect((await seen("long")).length).toBe(4_500);
  await withClient(url, (client) => client.query("delete from calls where call_id = 'erased'"));
  await toTheEnd(all);
  await all.sweep();
  const { rows } = await db.execute(sql`
    select (select count(*)::int from call_feed) as feed, (select count(*)::int from projection_calls) as calls`);
  expect(rows).toEqual([{ feed: 0, calls: 1 }]);
});
