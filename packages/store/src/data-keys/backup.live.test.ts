import { callStarted } from "@parley/testkit/facts";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StoredFact } from "../facts/fact.ts";
import { silentLog } from "../log.ts";
import { migrate } from "../migrate.ts";
import { openStore, type Store } from "../store.ts";
import { type TestPostgres, testPostgres, withClient } from "../test/postgres.ts";

/** What docs/erasure.md has left out of a backup that is kept for long. */
const LEFT_OUT = ["transcripts", "livekit_events", "idempotency_keys"];

let postgres: TestPostgres;
let url: string;
beforeAll(async () => {
  postgres = await testPostgres();
  url = await postgres.database();
});
afterAll(() => postgres.stop());

const WORDS = "my blood group is zebra positive";
const REPLY = "Thank you Esmeralda";
const BOB_SAID = "a table for four";

/** Everything that the store keeps of a call of this person. */
async function call(
  store: Store,
  callId: string,
  person: { number: string; userId: string; name: string; said: string },
) {
  const { number, userId, name, said } = person;
  const metadata = { userId, note: `${name} prefers mornings` };
  await store.connections.create({
    ...{ connectionId: `livekit-${callId}`, callId, tenantId: null, roomName: `room-${callId}`, kind: "room" },
    ...{ agentId: "front-desk", agentName: "front-desk", metadata: JSON.stringify({ ...metadata, from: number }) },
  });
  await store.contexts.put({ tenantId: null, userId }, { name, number });
  await store.livekitEvents.add({
    ...{ eventId: `ev-${callId}`, event: "participant_joined", roomName: `room-${callId}`, roomSid: null },
    ...{ createdAt: new Date(), body: { participant: { identity: `sip_${number}`, name } } },
  });
  const begun = {
    ...callStarted({ agent: "front-desk", room: `room-${callId}`, metadata }),
    from: number,
    to: "+4930",
  };
  const spoken = { participantId: `sip_${number}`, turnId: "t1", segment: 1, understood: true, audioMs: 900 };
  const bodies = [
    begun,
    { type: "participant-joined", participantId: `sip_${number}`, name, kind: "sip", metadata: null, attributes: {} },
    { type: "turn-opened", turnId: "t1", participantId: `sip_${number}`, via: "speech", startMs: 0, overReplyId: null },
    { type: "transcript-final", ...spoken, text: said },
    { type: "turn-committed", turnId: "t1", participantId: `sip_${number}`, text: said, understood: true, endMs: 900 },
    { type: "reply-sentence", replyId: "r1", index: 0, text: REPLY },
    { type: "tool-called", replyId: "r1", step: 0, toolCallId: "c", tool: "note", args: { said }, effectful: false },
    { type: "playback-progress", replyId: "r1", heardMs: 250 },
    { type: "call-closed", reason: "hung-up" },
  ];
  const facts = bodies.map((body, at) => ({ callId, epoch: 1, seq: at + 1, at, version: 1, ...body }) as StoredFact);
  // As they come: the first alone, and some in a batch that just goes on.
  for (const part of [facts.slice(0, 1), facts.slice(1, 2), facts.slice(2, 8), facts.slice(8)])
    expect(await store.facts.appendBatch({ callId, epoch: 1, facts: part })).toMatchObject({ status: "stored" });
  return facts;
}

const esmeralda = { number: "+4915770001", userId: "user-esmeralda", name: "Esmeralda Quix", said: WORDS };
const bob = { number: "+4915770002", userId: "user-bob", name: "Bob", said: BOB_SAID };
const PERSONAL = ["4915770001", "esmeralda", "Esmeralda", "Quix", "zebra"];

async function follow(store: Store): Promise<void> {
  while ((await store.projections.advance()) > 0);
}

/** A copy of the database as it stands; nobody may be in it meanwhile. */
async function copyOf(from: string): Promise<string> {
  const to = new URL(await postgres.database());
  const admin = new URL(from);
  admin.pathname = "/postgres";
  await withClient(admin.href, async (client) => {
    await client.query(`drop database ${to.pathname.slice(1)}`);
    await client.query(`create database ${to.pathname.slice(1)} template ${new URL(from).pathname.slice(1)}`);
  });
  return to.href;
}

/** The tables whose rows hold one of these in any column. */
function tablesWith(database: string, needles: readonly string[]): Promise<string[]> {
  return withClient(database, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ line: string }>(`select t::text as line from ${name} t`);
      // What lies in a bytea is shown in hex.
      const hits = needles.flatMap((needle) => [needle, Buffer.from(needle).toString("hex")]);
      if (rows.some(({ line }) => hits.some((hit) => line.includes(hit)))) found.push(name);
    }
    return found.sort();
  });
}

test("a backup of before an erasure tells nothing of who was erased, and what was erased stays so when it comes back", async () => {
  let store = await openStore({ url });
  await store.webhooks.create(
    {
      ...{ webhookId: "w", tenantId: null, url: "https://example.com", description: "", secret: "s" },
      events: ["call.started", "call.ended", "recording.ready"],
    },
    5,
  );
  await store.hooks.create({
    ...{ webhookId: "h", tenantId: null, url: "https://example.com", secret: "s" },
    ...{ events: ["hook.end"], startTimeoutMs: null },
  });
  const facts = await call(store, "hers", esmeralda);
  const sealing = { newKey: () => null, seal: (_key: string, { bytes }: { bytes: Buffer }) => bytes };
  await store.recordingSegments.receive(
    { callId: "hers", epoch: 1, offset: 0, bytes: Buffer.from(`sound of ${WORDS}`), isFinal: true },
    { sealing, mostBytes: 1_000 },
  );
  const bobsFacts = await call(store, "his", bob);
  await follow(store);
  await store.webhooks.emit({
    ...{ what: "x", type: "recording.ready", tenantId: null, callId: "hers", at: new Date(), data: { of: WORDS } },
  });
  // All of it is there to be read, and found by whom it is about.
  expect((await store.facts.read("hers")).facts).toEqual(facts);
  expect(await store.calls.get("hers")).toMatchObject({ from: esmeralda.number, to: "+4930" });
  const found = await store.calls.list({ caller: esmeralda.number });
  expect(found.calls.map(({ callId, from }) => [callId, from])).toEqual([["hers", esmeralda.number]]);
  expect((await store.calls.list({ words: "zebra" })).calls.map(({ callId }) => callId)).toEqual(["hers"]);
  expect((await store.connections.get("livekit-hers"))?.metadata).toContain("prefers mornings");
  expect((await store.contexts.get({ tenantId: null, userId: esmeralda.userId }))?.context).toMatchObject({
    name: esmeralda.name,
  });
  const due = await store.deliveries.take({ most: 10, perWebhook: 10, busy: [], leaseMs: 0 });
  const told = due.filter(({ callId, body }) => callId === "hers" && body.includes("transcript"));
  expect(told.map(({ body }) => body).join()).toContain("zebra");
  expect(
    due
      .filter(({ callId }) => callId === "hers")
      .map(({ body }) => body)
      .join(),
  ).toContain(esmeralda.number);
  await store.close();

  const backup = await copyOf(url);
  await withClient(backup, async (client) => {
    await client.query("drop schema parley_keys cascade");
    for (const table of LEFT_OUT) await client.query(`truncate ${table}`);
  });
  expect(await tablesWith(backup, PERSONAL)).toEqual([]);
  // The scan does find what lies plain.
  expect(await tablesWith(url, PERSONAL)).toEqual(["public.livekit_events", "public.transcripts"]);

  store = await openStore({ url });
  await store.erasures.begin({ erasureId: "e", tenantId: null, reason: "caller", subject: esmeralda.number });
  await store.contexts.forget(esmeralda.userId, null);
  expect(await store.erasures.callsOf(esmeralda.number, null)).toEqual([{ callId: "hers", status: "ended" }]);
  expect(await store.erasures.eraseCall("hers", "e")).toBe(true);
  expect(await store.erasures.forgetCaller(esmeralda.userId, null, "e")).toBe(true);
  await store.erasures.finish("e");
  expect(await store.erasures.get("e")).toMatchObject({ calls: 1, keys: 2, keysDestroyedAt: expect.any(Date) });
  expect(await store.erasures.remains("e")).toBe(0);
  expect((await store.calls.get("his"))?.from).toBe(bob.number);
  await store.close();
  expect(await tablesWith(url, PERSONAL)).toEqual([]);

  // Without the keys nobody reads it, and the start says what to do.
  await expect(openStore({ url: backup })).rejects.toMatchObject({ code: "data-keys-missing" });
  await restoreKeys(url, backup);
  // As if it came from another Postgres, that was further on.
  await withClient(backup, (client) =>
    client.query("update projections set next_xact = '4000000000'; update call_feed set written_in = '3999999999'"),
  );
  const restored = await openStore({ url: backup });
  expect(await restored.calls.get("hers")).toBe(null);
  expect((await restored.facts.read("hers")).facts).toEqual([]);
  expect(await restored.connections.get("livekit-hers")).toBe(null);
  expect(await restored.contexts.get({ tenantId: null, userId: esmeralda.userId })).toBe(null);
  expect(await restored.erasures.remains("e")).toBe(0);
  expect((await restored.facts.read("his")).facts).toEqual(bobsFacts);
  expect((await restored.contexts.get({ tenantId: null, userId: bob.userId }))?.context).toMatchObject({ name: "Bob" });
  await follow(restored);
  expect((await restored.calls.list({ words: "table" })).calls.map(({ callId }) => callId)).toEqual(["his"]);
  await call(restored, "new", { ...bob, said: "a pineapple" });
  await follow(restored);
  expect((await restored.calls.list({ words: "pineapple" })).calls.map(({ callId }) => callId)).toEqual(["new"]);
  await restored.close();
});

/** The keys as they are now, into a database that has none. */
async function restoreKeys(from: string, to: string): Promise<void> {
  await withClient(to, (client) => client.query("delete from parley_migrations where name = '0012_data_keys.sql'"));
  await withClient(to, (client) => migrate(client, silentLog));
  for (const table of ["data_keys", "call_keys", "call_people", "destroyed_keys", "tombstones", "erasures"]) {
    const { rows } = await withClient(from, (client) => client.query(`select * from parley_keys.${table}`));
    await withClient(to, async (client) => {
      for (const row of rows) {
        const names = Object.keys(row);
        const places = names.map((_, index) => `$${index + 1}`);
        await client.query(`insert into parley_keys.${table} (${names}) values (${places})`, Object.values(row));
      }
    });
  }
}
