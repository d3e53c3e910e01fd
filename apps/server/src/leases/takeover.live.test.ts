import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mintAgentToken, SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import { callStarted } from "@parley/testkit/facts";
import type { LeasedCall } from "@parley/uplink";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { readServerConfig } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { claims, KEY, SECRET } from "../test/app.ts";
import { type FakeWorker, fakeWorker } from "../test/fake-worker.ts";

const WORKER_KEY = "the-worker-key-of-this-test";
/** Three heartbeats. */
const LEASE_MS = 1_500;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let postgres: EmbeddedPostgres;
let livekit: Awaited<ReturnType<typeof startLiveKitServer>>;
let store: Store;
/** True: the store answers nothing. */
let storeIsAway = false;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-takeover-"));
  postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
  const dataDir = join(folder, "livekit");
  livekit = await startLiveKitServer({ dataDir, apiKey: KEY, apiSecret: SECRET, port: 0, log: silent });
  store = breakable(await openStore({ url: postgres.url }));
});
afterAll(async () => {
  try {
    await store?.close();
  } finally {
    await Promise.allSettled([livekit?.stop(), postgres?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
});
beforeEach(async () => {
  storeIsAway = false;
  // What one test left live must not be taken over in the next.
  for (const { callId, epoch, lastSeq } of await store.calls.listLive({ limit: 500 })) {
    const closed = { callId, epoch, seq: lastSeq + 1, at: 0, version: 1, type: "call-closed", reason: "test" };
    await store.facts.appendBatch({ callId, epoch, facts: [closed] });
  }
});

function breakable(real: Store): Store {
  const guard = <A extends unknown[], R>(run: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> =>
      storeIsAway
        ? Promise.reject(Object.assign(new Error("no database"), { code: "store-unreachable", retryable: true }))
        : run(...args);
  };
  return {
    ...real,
    calls: {
      get: guard(real.calls.get),
      liveIn: guard(real.calls.liveIn),
      list: guard(real.calls.list),
      listLive: guard(real.calls.listLive),
    },
    facts: {
      appendBatch: guard(real.facts.appendBatch),
      fence: guard(real.facts.fence),
      read: guard(real.facts.read),
    },
  };
}

async function serve({ port = 0, behindLease = true, lostMs = 700 } = {}): Promise<RunningServer> {
  const server = await startServer({
    config: readServerConfig({ PARLEY_PORT: String(port), PARLEY_WORKER_KEY: WORKER_KEY }),
    store,
    agents: [{ name: "front-desk", title: "Front desk", description: "", demo: true }],
    log: pino({ level: "silent" }),
    livekit: { url: livekit.url, apiKey: KEY, apiSecret: SECRET },
    leases: { heartbeatMs: LEASE_MS / 3, settleMs: 2_000, lostMs },
  });
  onTestFinished(() => server.close());
  if (behindLease) await sleep(LEASE_MS + 100);
  return server;
}

/** A call that nobody else has. */
function newCall(more: Partial<LeasedCall> = {}): LeasedCall {
  count += 1;
  const callId = `call-${process.pid}-${count}`;
  const own = { room: `room-${callId}`, identity: `agent-job-${count}` };
  return { callId, epoch: 1, agentName: "front-desk", crashes: 0, ...own, ...more };
}

const worker = (server: RunningServer, name: string, calls: LeasedCall[] = []): Promise<FakeWorker> =>
  fakeWorker(name, { port: server.port, key: WORKER_KEY, calls });

const connected = (...workers: FakeWorker[]) =>
  vi.waitFor(
    () => {
      for (const { uplink } of workers) expect(uplink.status().connected).toBe(true);
    },
    { timeout: 10_000, interval: 10 },
  );

const ordered = (to: FakeWorker, times = 1) =>
  vi.waitFor(() => expect(to.orders).toHaveLength(times), { timeout: 10_000, interval: 10 });

test("a worker that vanishes: another one gets its calls, goes on from their logs, and the first one is shut out", async () => {
  const server = await serve();
  const first = newCall({ epoch: 3, crashes: 1 });
  const second = newCall();
  const a = await worker(server, "a", [first, second]);
  const b = await worker(server, "b");
  a.write(first, 1, 20);
  a.write(second, 1, 5);
  expect(await a.uplink.drained(10_000)).toBe(true);
  await connected(b);
  const cutAt = performance.now();
  a.line.cut(4_000);
  await ordered(b, 2);
  // Not before it is missed, and soon after.
  for (const { atMs } of b.orders) expect(atMs - cutAt).toBeGreaterThan(690);

  const order = b.orders.find(({ callId }) => callId === first.callId);
  expect(order).toMatchObject({
    room: first.room,
    identity: first.identity,
    agentName: "front-desk",
    epoch: 1_000,
    crashes: 2,
  });
  expect(claims(order?.token ?? "")).toMatchObject({
    sub: first.identity,
    kind: "agent",
    video: { room: first.room, roomJoin: true, agent: true },
  });
  expect(b.orders.find(({ callId }) => callId === second.callId)).toMatchObject({ epoch: 1_000, crashes: 1 });

  const log = await b.uplink.readLog(first.callId, 5_000);
  expect(log.map(({ seq, epoch }) => [seq, epoch])).toEqual(Array.from({ length: 20 }, (_, i) => [i + 1, 3]));
  b.write({ ...first, epoch: 1_000 }, 21, 25);
  expect(await b.uplink.drained(10_000)).toBe(true);
  // The one that was missed never stopped, and is back.
  a.write(first, 21, 30);
  await vi.waitFor(() => expect(a.stale).toEqual([{ callId: first.callId, epoch: 3 }]), { timeout: 20_000 });
  expect(await a.uplink.claim({ callId: first.callId, room: first.room, epoch: 3 }, 5_000)).toMatchObject({
    granted: false,
    epoch: 1_000,
    owner: "worker/b",
  });
  const { facts } = await store.facts.read(first.callId);
  expect(facts.map(({ seq, epoch }) => [seq, epoch])).toEqual(
    Array.from({ length: 25 }, (_, i) => [i + 1, i < 20 ? 3 : 1_000]),
  );
  expect([a.orders, b.orders.length]).toEqual([[], 2]);
});

test("from the moment the next owner reads the log nothing of the old one is confirmed", async () => {
  const server = await serve();
  const call = newCall();
  const a = await worker(server, "a", [call]);
  const b = await worker(server, "b");
  b.readsOrdered = true;
  a.write(call, 1, 10);
  expect(await a.uplink.drained(10_000)).toBe(true);
  a.line.cut(1_500);
  a.write(call, 11, 14);
  await ordered(b);
  await vi.waitFor(() => expect(b.logs).toHaveLength(1), { timeout: 5_000 });
  expect(b.logs[0]).toHaveLength(10);
  // It is back before the new owner has written anything.
  await vi.waitFor(() => expect(a.stale).toEqual([{ callId: call.callId, epoch: 1 }]), { timeout: 20_000 });
  expect((await store.facts.read(call.callId)).facts).toHaveLength(10);
  b.write({ ...call, epoch: 1_000 }, 11, 12);
  expect(await b.uplink.drained(10_000)).toBe(true);
  expect((await store.facts.read(call.callId)).facts.map(({ epoch }) => epoch)).toEqual([
    ...Array.from({ length: 10 }, () => 1),
    1_000,
    1_000,
  ]);
});

test("a line that breaks and is back in time costs nothing", async () => {
  // Longer than usual: on a machine that is busy with other tests the way back takes its time.
  const server = await serve({ lostMs: 4_000 });
  const call = newCall();
  const a = await worker(server, "a", [call]);
  const b = await worker(server, "b");
  await connected(a, b);
  for (let i = 0; i < 3; i += 1) {
    a.line.cut(300);
    await sleep(1_000);
    await connected(a);
  }
  await sleep(4_500);
  expect([a.orders, b.orders]).toEqual([[], []]);
  expect(await server.command(call.callId, "say", { text: "still here" })).toEqual({ ok: true, reason: "" });
  expect(a.told).toEqual([{ callId: call.callId, name: "say", args: { text: "still here" } }]);
});

test("a server that starts anew: nothing for a full lease; then the calls of whoever died meanwhile, by the ghost's name", async () => {
  const server = await serve();
  const kept = newCall();
  const lost = newCall();
  const a = await worker(server, "a", [lost]);
  const b = await worker(server, "b", [kept]);
  b.write(kept, 1, 3);
  a.write(lost, 1, 3);
  expect([await a.uplink.drained(10_000), await b.uplink.drained(10_000)]).toEqual([true, true]);
  const keys = { apiKey: KEY, apiSecret: SECRET };
  const token = await mintAgentToken({ ...keys, room: lost.room ?? "", identity: lost.identity });
  const ghost = await SimulatedCaller.join({ url: livekit.url, token });
  onTestFinished(() => ghost.leave());

  const { port } = server;
  await server.close();
  a.line.cut();
  const startedAt = performance.now();
  await serve({ port, behindLease: false });
  await connected(b);
  await ordered(b);
  expect((b.orders[0]?.atMs ?? 0) - startedAt).toBeGreaterThan(LEASE_MS - 50);
  expect(b.orders[0]).toMatchObject({ callId: lost.callId, room: lost.room, identity: lost.identity, epoch: 1_000 });
  await sleep(LEASE_MS);
  expect(b.orders).toHaveLength(1);
});

test("a call found live whose room is empty is ordered under a name of its own", async () => {
  const call = newCall();
  const begin = callStarted({ agent: "front-desk", room: call.room });
  const facts = [{ callId: call.callId, epoch: 1, seq: 1, at: 0, version: 1, ...begin }];
  await store.facts.appendBatch({ callId: call.callId, epoch: 1, facts });
  const server = await serve({ behindLease: false });
  const b = await worker(server, "b");
  await ordered(b);
  expect(b.orders[0]).toMatchObject({ callId: call.callId, identity: `agent-${call.callId}`, epoch: 1_000 });
});

test("one that refuses, one that drains, one of another agent: tried again until somebody comes", async () => {
  const server = await serve();
  const call = newCall();
  const a = await worker(server, "a", [call]);
  const refusing = await worker(server, "refusing");
  refusing.refuses = "no place";
  const draining = await worker(server, "draining");
  draining.draining = true;
  draining.uplink.beat();
  const other = await fakeWorker("other", { port: server.port, key: WORKER_KEY, agent: "sales" });
  await connected(a, refusing, draining, other);
  a.line.cut();
  await vi.waitFor(() => expect(refusing.orders.length).toBeGreaterThan(1), { timeout: 10_000 });
  const late = await worker(server, "late");
  await ordered(late);
  await sleep(1_500);
  const epochs = [...refusing.orders, ...late.orders].map(({ epoch }) => epoch);
  // Each order had an epoch of its own, and the last one's is above all.
  expect(epochs).toEqual(Array.from(epochs, (_, index) => (index + 1) * 1_000));
  expect([draining.orders, other.orders, late.orders.length]).toEqual([[], [], 1]);
  expect(await server.command(call.callId, "end", { reason: "test" })).toEqual({ ok: true, reason: "" });
  expect(late.told).toHaveLength(1);
});

test("while the store is away nobody is missed; a lease after it is back, who did not come back is", async () => {
  const server = await serve();
  const kept = newCall();
  const lost = newCall();
  const a = await worker(server, "a", [kept]);
  const dead = await worker(server, "dead", [lost]);
  const b = await worker(server, "b");
  await connected(a, dead, b);
  storeIsAway = true;
  a.write(kept, 1, 5);
  dead.line.cut();
  await sleep(3_000);
  expect(await a.uplink.claim({ callId: "new-one", room: "r", epoch: null }, 300)).toBe(null);
  expect([a.orders, b.orders]).toEqual([[], []]);
  storeIsAway = false;
  const backAt = performance.now();
  expect(await a.uplink.drained(20_000)).toBe(true);
  await vi.waitFor(() => expect([...a.orders, ...b.orders]).toHaveLength(1), { timeout: 10_000, interval: 10 });
  const [order] = [...a.orders, ...b.orders];
  expect(order?.callId).toBe(lost.callId);
  expect((order?.atMs ?? 0) - backAt).toBeGreaterThan(1_000);
  expect((await store.facts.read(kept.callId)).facts).toHaveLength(5);
});

test("a worker that drains gives its calls away, and leaves", async () => {
  const server = await serve();
  const call = newCall();
  const a = await worker(server, "a", [call]);
  const b = await worker(server, "b");
  await connected(a, b);
  a.write(call, 1, 10);
  a.draining = true;
  a.uplink.beat();
  expect(await a.uplink.shipped(call.callId, 1, 10_000)).toBe(true);
  expect(await a.uplink.handOver(call, 5_000)).toEqual({ accepted: true, reason: "" });
  expect(b.orders).toEqual([expect.objectContaining({ callId: call.callId, epoch: 1_000, crashes: 0 })]);
  a.calls = [];
  await a.uplink.close();
  b.refuses = "no place";
  expect(await b.uplink.handOver({ callId: call.callId, epoch: 1_000 }, 5_000)).toMatchObject({ accepted: false });
  await sleep(1_500);
  expect(b.orders).toHaveLength(1);
  expect(await server.command(call.callId, "interrupt")).toEqual({ ok: true, reason: "" });
});

test("a claim: granted once, above what the store knows; refused while another has the call", async () => {
  const server = await serve();
  const running = newCall();
  const a = await worker(server, "a", [running]);
  const b = await worker(server, "b");
  await connected(a, b);
  const again = newCall();
  a.write({ ...again, epoch: 4 }, 1, 2, {});
  a.write({ ...again, epoch: 4 }, 3, 3, { type: "call-closed", reason: "hung up" });
  expect(await a.uplink.drained(10_000)).toBe(true);
  const claim = (of: FakeWorker, { callId, room }: LeasedCall) => of.uplink.claim({ callId, room, epoch: null }, 5_000);
  expect(await claim(b, running)).toEqual({ granted: false, epoch: 1, owner: "worker/a" });
  expect(await claim(b, again)).toEqual({ granted: true, epoch: 4, owner: null });
  expect(await claim(a, again)).toEqual({ granted: false, epoch: 4, owner: "worker/b" });
  const somewhere = newCall();
  a.write(somewhere, 1, 2);
  expect(await a.uplink.drained(10_000)).toBe(true);
  expect(await claim(b, somewhere)).toEqual({ granted: false, epoch: 1, owner: null });
  const fresh = newCall();
  expect(await Promise.all([claim(a, fresh), claim(b, fresh)])).toContainEqual(
    expect.objectContaining({ granted: false }),
  );
});

test("commands for nobody, and commands that are too large", async () => {
  const server = await serve({ behindLease: false });
  expect(await server.command("nobody", "end")).toEqual({ ok: false, reason: "no-owner" });
  expect(await server.command("nobody", "say", { text: "x".repeat(100_000) })).toMatchObject({
    reason: "args-too-large",
  });
});
