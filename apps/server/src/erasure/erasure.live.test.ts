import { createHash, randomUUID } from "node:crypto";
import { callStarted } from "@parley/testkit/facts";
import pino from "pino";
import { describe, expect, test } from "vitest";
import { testPlatform } from "../test/platform.ts";
import { keepErasing } from "./keep.ts";

const platform = testPlatform();
const { send, keyFor } = platform;
const DAY_MS = 24 * 3_600_000;

interface Made {
  tenantId?: string;
  from?: string;
  identity?: string;
  userId?: string;
  live?: boolean;
  startedMs?: number;
}

async function call({
  tenantId,
  from,
  identity = "ann",
  userId,
  live,
  startedMs = Date.now(),
}: Made = {}): Promise<string> {
  const callId = randomUUID();
  const metadata = userId === undefined ? {} : { userId };
  const begun = callStarted({ agent: "front-desk", room: `r-${callId}`, metadata, wallMs: startedMs });
  const joined = { participantId: identity, name: "", kind: "standard", metadata: null, attributes: {} };
  const facts = [
    { ...begun, tenantId: tenantId ?? null, from: from ?? null },
    { type: "participant-joined", ...joined },
    ...(live ? [] : [{ type: "call-closed", reason: "hung-up" }]),
  ].map((fact, index) => ({ callId, epoch: 1, seq: index + 1, at: index * 1_000, version: 1, ...fact }) as never);
  await platform.store.facts.appendBatch({ callId, epoch: 1, facts });
  return callId;
}

const exists = async (callId: string) => (await send("GET", `/api/calls/${callId}`)).status === 200;
const end = (callId: string, seq: number) =>
  platform.store.facts.appendBatch({
    callId,
    epoch: 1,
    facts: [{ callId, epoch: 1, seq, at: 5_000, version: 1, type: "call-closed", reason: "hung-up" } as never],
  });

async function tenant(settings: object = {}): Promise<string> {
  const tenantId = `t-${randomUUID()}`;
  await send("POST", "/api/tenants", { body: { tenantId, name: "A tenant", settings } });
  return tenantId;
}

describe("a call", () => {
  test("that has ended is erased, and nothing that comes late brings it back", async () => {
    const [callId, other] = [await call(), await call()];
    expect((await send("DELETE", `/api/calls/${callId}`)).status).toBe(204);
    expect(await exists(callId)).toBe(false);
    expect(await exists(other)).toBe(true);
    const fact = { callId, epoch: 2, seq: 1, at: 0, version: 1, ...callStarted() } as never;
    const late = await platform.store.facts.appendBatch({ callId, epoch: 2, facts: [fact] });
    expect(late).toEqual({ status: "stored", ackedSeq: 1, stored: 0 });
    expect(await exists(callId)).toBe(false);
    expect((await send("DELETE", `/api/calls/${callId}`)).json).toMatchObject({ status: 404, code: "call-not-found" });
  });

  test("that runs is not", async () => {
    const callId = await call({ live: true });
    expect((await send("DELETE", `/api/calls/${callId}`)).json).toMatchObject({ status: 409, code: "call-live" });
    expect(await exists(callId)).toBe(true);
  });

  test("is whole or gone while facts of it come at the same time", async () => {
    for (let round = 0; round < 10; round++) {
      const callId = await call();
      await Promise.all([send("DELETE", `/api/calls/${callId}`), end(callId, 4), end(callId, 4)]);
      const { rows } = { rows: (await platform.store.facts.read(callId)).facts };
      expect([await exists(callId), rows.length]).toEqual([false, 0]);
    }
  });
});

describe("a caller", () => {
  test("is erased by number, identity and userId, everywhere, with a proof that names nobody", async () => {
    const number = `+49${Date.now()}`;
    const mine = [await call({ from: number }), await call({ identity: number }), await call({ userId: number })];
    const other = await call({ from: "+4900" });
    const done = await send("POST", "/api/erasures", { body: { caller: number } });
    expect(done).toMatchObject({ status: 201, json: { reason: "caller", calls: 3, remaining: 0 } });
    expect(done.json.finishedAt).not.toBeNull();
    expect(done.json.subjectSha256).toBe(createHash("sha256").update(number).digest("hex"));
    for (const callId of mine) expect(await exists(callId)).toBe(false);
    expect(await exists(other)).toBe(true);
    const proof = await send("GET", `/api/erasures/${done.json.erasureId}`);
    expect(proof.json).toEqual(done.json);
    expect(JSON.stringify((await send("GET", "/api/erasures")).json)).not.toContain(number);
  });

  test("whose call still runs is erased when it has ended", async () => {
    const number = `+48${Date.now()}`;
    const [ended, live] = [await call({ from: number }), await call({ from: number, live: true })];
    const begun = await send("POST", "/api/erasures", { body: { caller: number } });
    expect(begun.json).toMatchObject({ calls: 1, finishedAt: null });
    expect([await exists(ended), await exists(live)]).toEqual([false, true]);
    await end(live, 3);
    const keeper = keepErasing({
      store: platform.store,
      clock: still(),
      log,
      deleteRecordings: async () => undefined,
      retentionDays: null,
    });
    await keeper.lookAtAll();
    keeper.close();
    expect(await exists(live)).toBe(false);
    expect((await send("GET", `/api/erasures/${begun.json.erasureId}`)).json).toMatchObject({ calls: 2, remaining: 0 });
  });

  test("of one tenant stays with another", async () => {
    const [a, b] = [await tenant(), await tenant()];
    const number = `+47${Date.now()}`;
    const [mine, theirs] = [await call({ tenantId: a, from: number }), await call({ tenantId: b, from: number })];
    const key = await keyFor(["erasures:write"], a);
    expect((await send("POST", "/api/erasures", { key, body: { caller: number } })).json.calls).toBe(1);
    expect([await exists(mine), await exists(theirs)]).toEqual([false, true]);
    expect((await send("DELETE", `/api/calls/${theirs}`, { key })).status).toBe(404);
  });
});

test("what names a caller besides their calls goes too: their context, answers that are kept, the audit log's targets", async () => {
  const caller = `+46${Date.now()}`;
  const at = `/api/contexts/${encodeURIComponent(caller)}`;
  const once = () => ({ "idempotency-key": randomUUID() });
  const room = { participantName: "Ann", agentId: "front-desk", metadata: { userId: caller } };
  const put = { headers: once(), body: { likes: "tea" } };
  const create = { headers: once(), body: room };
  const writes = async () => [await send("PUT", at, put), await send("POST", "/livekit/create-room", create)];
  const { connectionId } = (await writes())[1]!.json;
  await platform.store.audit.add({
    ...{
      tenantId: null,
      actor: "root",
      action: "PUT /api/contexts/:userId",
      target: caller,
      status: 200,
      requestId: "r",
      address: null,
    },
  });
  const isAudited = async () => JSON.stringify((await send("GET", "/api/audit")).json).includes(caller);
  const replayed = async () => (await writes()).map(({ headers }) => headers["idempotent-replayed"]);
  expect([await isAudited(), await replayed()]).toEqual([true, ["true", "true"]]);
  // Another tenant's wish concerns none of it.
  const stranger = await keyFor(["erasures:write"], await tenant());
  expect((await send("POST", "/api/erasures", { key: stranger, body: { caller } })).json.finishedAt).not.toBeNull();
  expect([await isAudited(), await replayed()]).toEqual([true, ["true", "true"]]);
  // Nobody has come to that room yet, and may still.
  const begun = await send("POST", "/api/erasures", { body: { caller } });
  expect(begun.json).toMatchObject({ finishedAt: null, keysDestroyedAt: null });
  expect((await send("POST", "/livekit/end-call", { body: { connectionId } })).status).toBe(200);
  const keeper = keepErasing({
    store: platform.store,
    clock: still(),
    log,
    retentionDays: null,
    deleteRecordings: async () => undefined,
  });
  await keeper.lookAtAll();
  keeper.close();
  const proof = (await send("GET", `/api/erasures/${begun.json.erasureId}`)).json;
  // The key of the call, and the caller's own.
  expect(proof).toMatchObject({ calls: 1, keys: 2, remaining: 0, keysDestroyedAt: expect.any(String) });
  expect((await send("GET", at)).status).toBe(404);
  expect((await send("GET", `/livekit/connection-status/${connectionId}`)).status).toBe(404);
  expect([await isAudited(), await replayed()]).toEqual([false, [undefined, undefined]]);
});

test("calls go when their retention is over: the tenant's own, or the server's", async () => {
  const [short, usual] = [await tenant({ retentionDays: 2 }), await tenant()];
  const old = (days: number, tenantId?: string) =>
    call({ startedMs: Date.now() - days * DAY_MS, ...(tenantId && { tenantId }) });
  const gone = [await old(3, short), await old(31, usual), await old(31)];
  const kept = [await old(1, short), await old(29, usual), await old(29)];
  const replicas = [1, 2].map(() =>
    keepErasing({
      store: platform.store,
      clock: still(),
      log,
      deleteRecordings: async () => undefined,
      retentionDays: 30,
    }),
  );
  await Promise.all(replicas.map((replica) => replica.lookAtAll()));
  for (const replica of replicas) replica.close();
  for (const callId of gone) expect(await exists(callId)).toBe(false);
  for (const callId of kept) expect(await exists(callId)).toBe(true);
});

const log = pino({ level: "silent" });
/** A clock whose timers never come. */
function still() {
  return { now: () => 0, wall: () => Date.now(), after: () => () => undefined };
}
