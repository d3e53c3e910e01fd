import { randomBytes } from "node:crypto";
import { callStarted } from "@parley/testkit/facts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { StoredFact } from "../facts/fact.ts";
import { openStore, type Store, type StoreOptions } from "../store.ts";
import { type TestPostgres, testPostgres, withClient } from "../test/postgres.ts";

let postgres: TestPostgres;
let url: string;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  url = await postgres.database();
});

async function opened<T>(options: Omit<StoreOptions, "url">, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ url, ...options });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
const rows = <Row extends object>(sql: string): Promise<Row[]> =>
  withClient(url, async (client) => (await client.query(sql)).rows as Row[]);
const keys = () =>
  rows<{ key: Buffer; sealed_with: string | null }>("select key, sealed_with from parley_keys.data_keys");

function factsOf(callId: string, userId: string | null, more: object[] = []): StoredFact[] {
  const bodies = [callStarted({ metadata: userId === null ? {} : { userId } }), ...more];
  return bodies.map(
    (body, at) => ({ ...body, callId, epoch: 1, seq: at + 1, at, version: 1 }) as unknown as StoredFact,
  );
}
const add = (store: Store, callId: string, userId: string | null, more?: object[]) =>
  store.facts.appendBatch({ callId, epoch: 1, facts: factsOf(callId, userId, more) });
const closed = { type: "call-closed", reason: "hung-up" };

test("a person has one key for all their calls, a call of nobody known has its own", async () => {
  await opened({}, async (store) => {
    for (const [callId, userId] of [
      ["a", "ann"],
      ["b", "ann"],
      ["c", null],
      ["d", null],
      ["e", "bob"],
    ] as const)
      await add(store, callId, userId, [closed]);
    expect(
      await rows("select count(distinct key_id)::int as keys, count(*)::int as calls from parley_keys.call_keys"),
    ).toEqual([{ keys: 4, calls: 5 }]);
    await store.erasures.begin({ erasureId: "e", tenantId: null, reason: "call", subject: "c" });
    for (const callId of ["a", "c"]) await store.erasures.eraseCall(callId, "e");
    // Of c its own key, of a only what made the call's key of ann's.
    expect(await store.erasures.get("e")).toMatchObject({ calls: 2, keys: 3 });
    expect((await store.facts.read("b")).facts).toEqual(factsOf("b", "ann", [closed]));
    expect(await store.erasures.forgetCaller("ann", null, "e")).toBe(false);
    await store.erasures.eraseCall("b", "e");
    expect(await store.erasures.forgetCaller("ann", null, "e")).toBe(true);
    expect(await store.erasures.get("e")).toMatchObject({ keys: 5 });
  });
});

test("many first batches at once, on several replicas, make one key a call and a person", async () => {
  const stores = await Promise.all([1, 2, 3].map(() => openStore({ url })));
  await Promise.all(
    stores.flatMap((store) => ["a", "b", "c", "d"].map((callId) => add(store, callId, "ann", [closed]))),
  );
  expect(await rows("select count(*)::int as n from parley_keys.data_keys where person_hmac is not null")).toEqual([
    { n: 1 },
  ]);
  for (const store of stores)
    for (const callId of ["a", "b", "c", "d"])
      expect((await store.facts.read(callId)).facts).toEqual(factsOf(callId, "ann", [closed]));
  await Promise.all(stores.map((store) => store.close()));
});

test("data keys are sealed with the secret key; it is changed without a stop, and missing it stops the start", async () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)];
  await opened({}, (store) => add(store, "a", "ann"));
  const plain = await keys();
  expect(plain.every(({ sealed_with: by }) => by === null)).toBe(true);
  await opened({ secretKeys: [old] }, async (store) => {
    await add(store, "b", "bob");
    await store.dataKeys.sweep();
  });
  const sealed = await keys();
  for (const { key } of plain) expect(sealed.some((row) => row.key.includes(key))).toBe(false);
  await expect(openStore({ url, secretKeys: [fresh] })).rejects.toMatchObject({ code: "data-key-unreadable" });
  await expect(openStore({ url })).rejects.toMatchObject({ code: "data-key-unreadable" });
  await opened({ secretKeys: [fresh, old] }, (store) => store.dataKeys.sweep());
  await opened({ secretKeys: [fresh] }, async (store) => {
    expect((await store.facts.read("a")).facts).toEqual(factsOf("a", "ann"));
    expect((await store.facts.read("b")).facts).toEqual(factsOf("b", "bob"));
  });
});

test("with sealing off new calls are plain, and those that began sealed are read and go on", async () => {
  await opened({}, (store) => add(store, "sealed", "ann"));
  await opened({ sealFacts: false }, async (store) => {
    await add(store, "plain", "ann", [{ type: "participant-joined", participantId: "ann" }]);
    const next = { callId: "sealed", epoch: 1, seq: 2, at: 5, version: 1, type: "text-received", text: "zebra" };
    await store.facts.appendBatch({ callId: "sealed", epoch: 1, facts: [next] });
    expect((await store.facts.read("sealed")).facts).toEqual([...factsOf("sealed", "ann"), next]);
    expect((await store.erasures.callsOf("ann", null)).map(({ callId }) => callId).sort()).toEqual(["plain", "sealed"]);
    await store.contexts.put({ tenantId: null, userId: "ann" }, { name: "Ann" });
    expect(await store.dataKeys.seal("plain", Buffer.from("x"), "x")).toBe(null);
  });
  expect(await rows("select call_id from facts where jsonb_typeof(body) = 'object'")).toEqual([
    { call_id: "plain" },
    { call_id: "plain" },
  ]);
  // A context that was kept plain is sealed when it changes.
  await opened({}, async (store) => {
    const patched = await store.contexts.patch({ tenantId: null, userId: "ann" }, { likes: "tea" });
    expect(patched).toMatchObject({ row: { userId: "ann", version: 2, context: { name: "Ann", likes: "tea" } } });
    expect(await rows("select user_id from user_contexts where user_id = 'ann'")).toEqual([]);
    expect((await store.contexts.get({ tenantId: null, userId: "ann" }))?.context).toEqual({
      name: "Ann",
      likes: "tea",
    });
  });
});

test("what lies elsewhere is sealed with the call's key, and not to be read once the call is erased", async () => {
  await opened({}, async (store) => {
    await add(store, "a", "ann", [closed]);
    const sealed = await store.dataKeys.seal("a", Buffer.from("a recording's key"), "recordings/r");
    expect((await store.dataKeys.open("a", sealed!, "recordings/r")).toString()).toBe("a recording's key");
    const wrong = store.dataKeys.open("a", sealed!, "recordings/s");
    await expect(wrong).rejects.toMatchObject({ code: "data-key-destroyed" });
    await store.erasures.begin({ erasureId: "e", tenantId: null, reason: "call", subject: "a" });
    await store.erasures.eraseCall("a", "e");
    await expect(store.dataKeys.open("a", sealed!, "recordings/r")).rejects.toMatchObject({
      code: "data-key-destroyed",
    });
    expect(await store.dataKeys.seal("a", Buffer.from("x"), "x")).toBe(null);
    // A key that nothing is sealed with any more goes when it has been so for a day.
    await store.dataKeys.sweep();
    expect(await keys()).toHaveLength(2);
    await rows("update parley_keys.data_keys set created_at = now() - interval '2 days'");
    await store.dataKeys.sweep();
    expect(await keys()).toHaveLength(1);
  });
});
