import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startLiveKitServer } from "@parley/livekit";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import type { LeasedCall } from "@parley/uplink";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { readServerConfig } from "../config.ts";
import { startServer } from "../server.ts";
import { claims, KEY, SECRET } from "../test/app.ts";
import { type FakeWorker, fakeWorker } from "../test/fake-worker.ts";

const WORKER_KEY = "the-worker-key-of-this-test";
const API_KEY = "the-api-key-of-this-test";
const LEASE_MS = 1_500;
const LEASES = { heartbeatMs: LEASE_MS / 3, settleMs: 2_000, lostMs: 700 };
const REPLICA = fileURLToPath(new URL("../test/replica-main.ts", import.meta.url));
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let postgres: EmbeddedPostgres;
let livekit: Awaited<ReturnType<typeof startLiveKitServer>>;
let store: Store;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-replicas-"));
  postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
  const dataDir = join(folder, "livekit");
  livekit = await startLiveKitServer({ dataDir, apiKey: KEY, apiSecret: SECRET, port: 0, log: silent });
  store = await openStore({ url: postgres.url });
});
afterAll(async () => {
  try {
    await store?.close();
  } finally {
    await Promise.allSettled([livekit?.stop(), postgres?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
});

/** What one test left live must not be taken over in the next. */
async function endAll(): Promise<void> {
  for (const { callId, lastEpoch: epoch, lastSeq } of await store.calls.listLive({ limit: 500 })) {
    const closed = { callId, epoch, seq: lastSeq + 1, at: 0, version: 1, type: "call-closed", reason: "test" };
    await store.facts.appendBatch({ callId, epoch, facts: [closed] });
  }
}
beforeEach(endAll);

const settings = () => ({
  PARLEY_PORT: "0",
  PARLEY_WORKER_KEY: WORKER_KEY,
  PARLEY_API_KEY: API_KEY,
  DATABASE_URL: postgres.url,
  LIVEKIT_URL: livekit.url,
  LIVEKIT_API_KEY: KEY,
  LIVEKIT_API_SECRET: SECRET,
});

/** A replica in this process; the first one that runs leads. */
async function replica() {
  const own = await openStore({ url: postgres.url });
  const server = await startServer({
    config: readServerConfig(settings()),
    store: own,
    agents: [{ name: "front-desk", title: "Front desk", description: "", demo: true }],
    log: pino({ level: "silent" }),
    livekit: { url: livekit.url, apiKey: KEY, apiSecret: SECRET },
    leases: LEASES,
  });
  onTestFinished(async () => {
    await server.close();
    await own.close();
  });
  await sleep(LEASE_MS + 700);
  return server;
}

/** A replica that can be killed. */
async function killable(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [REPLICA, JSON.stringify(LEASES)], {
    env: { ...process.env, ...settings() },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  await sleep(LEASE_MS + 700);
  return { child, port: Number(/\d+/.exec(String(line))?.[0]) };
}

function newCall(): LeasedCall {
  count += 1;
  const callId = `call-${process.pid}-${count}`;
  return {
    callId,
    epoch: 1,
    room: `room-${callId}`,
    agentName: "front-desk",
    identity: `agent-job-${count}`,
    crashes: 0,
  };
}

async function worker(name: string, port: number, calls: LeasedCall[] = [], agent = "front-desk"): Promise<FakeWorker> {
  const made = await fakeWorker(`${name}-${count}`, { port, key: WORKER_KEY, calls, agent });
  await vi.waitFor(() => expect(made.uplink.status().connected).toBe(true), { timeout: 10_000 });
  for (const call of calls) made.write(call, 1, 5);
  expect(await made.uplink.drained(10_000)).toBe(true);
  return made;
}

const ordered = (to: FakeWorker, times = 1) =>
  vi.waitFor(() => expect(to.orders).toHaveLength(times), { timeout: 20_000, interval: 10 });

test("a command reaches the owner from whichever replica it comes to; each knows the agents of both", async () => {
  const [leader, follower] = [await replica(), await replica()];
  const [one, two] = [newCall(), newCall()];
  const a = await worker("a", leader.port, [one]);
  const b = await worker("b", follower.port, [two], "night-desk");
  for (const server of [leader, follower]) {
    for (const [call, owner] of [
      [one, a],
      [two, b],
    ] as const) {
      await vi.waitFor(
        async () => expect(await server.command(call.callId, "say", { text: "hi" })).toEqual({ ok: true, reason: "" }),
        { timeout: 10_000 },
      );
      expect(owner.told.at(-1)).toEqual({ callId: call.callId, name: "say", args: { text: "hi" } });
    }
    expect(await server.command("nobody", "say", {})).toEqual({ ok: false, reason: "no-owner" });
    const known = await fetch(`${server.url}/livekit/create-room`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ participantName: "Ann", agentId: "night-desk" }),
    });
    expect(known.status).toBe(201);
  }
  // A call has one owner, whatever replica is asked.
  const claim = { callId: two.callId, room: two.room, epoch: null };
  expect(await a.uplink.claim(claim, 5_000)).toMatchObject({ granted: false, epoch: 1 });
  expect(await b.uplink.claim({ ...claim, callId: one.callId }, 5_000)).toMatchObject({ granted: false, epoch: 1 });
  expect(await b.uplink.claim({ ...claim, callId: `${two.callId}-new` }, 5_000)).toMatchObject({ granted: true });
});

test("the calls of a worker that is lost go to a worker of the other replica, once, either way", async () => {
  const [leader, follower] = [await replica(), await replica()];
  for (const [from, to] of [
    [leader, follower],
    [follower, leader],
  ] as const) {
    const call = newCall();
    const a = await worker("a", from.port, [call]);
    const b = await worker("b", to.port);
    b.readsOrdered = true;
    await vi.waitFor(async () => expect((await to.command(call.callId, "say", {})).ok).toBe(true), { timeout: 10_000 });
    a.line.cut();
    await ordered(b);
    expect(b.orders[0]).toMatchObject({ callId: call.callId, room: call.room, epoch: 1_000, crashes: 1 });
    expect(claims(b.orders[0]?.token ?? "")).toMatchObject({ sub: call.identity, video: { room: call.room } });
    await vi.waitFor(() => expect(b.logs[0]).toHaveLength(5), { timeout: 5_000 });
    // The store is fenced for the old owner, whichever replica it comes back to.
    expect(await store.calls.get(call.callId)).toMatchObject({ lastEpoch: 1_000 });
    await sleep(LEASE_MS + 500);
    expect([a.orders, b.orders.length]).toEqual([[], 1]);
    await endAll();
    await b.uplink.close();
    await a.uplink.close();
  }
});

test("the replica that keeps the book is killed: its workers come back elsewhere, nothing is taken over; then it is again", async () => {
  const killed = await killable();
  const other = await replica();
  const [one, two] = [newCall(), newCall()];
  const a = await worker("a", killed.port, [one]);
  const b = await worker("b", other.port, [two]);
  killed.child.kill("SIGKILL");
  a.line.leadTo(other.port);
  for (const call of [one, two])
    await vi.waitFor(async () => expect((await other.command(call.callId, "say", {})).ok).toBe(true), {
      timeout: 20_000,
    });
  a.write(one, 6, 9);
  expect(await a.uplink.drained(20_000)).toBe(true);
  await sleep(2 * LEASE_MS);
  expect([a.orders, b.orders]).toEqual([[], []]);
  a.line.cut();
  await ordered(b);
  expect(b.orders[0]).toMatchObject({ callId: one.callId, epoch: 1_000 });
});

test("a replica is killed together with its worker: after a lease the worker's calls are taken over, once", async () => {
  const leader = await replica();
  const killed = await killable();
  const call = newCall();
  const b = await worker("b", leader.port);
  const a = await worker("a", killed.port, [call]);
  await vi.waitFor(async () => expect((await leader.command(call.callId, "say", {})).ok).toBe(true), {
    timeout: 10_000,
  });
  killed.child.kill("SIGKILL");
  a.line.cut();
  await ordered(b);
  await sleep(2 * LEASE_MS);
  expect([a.orders, b.orders.length]).toEqual([[], 1]);
});
