import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readServerConfig } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";
import { type FakeWorker, fakeWorker } from "./test/fake-worker.ts";

const WORKER_KEY = "the-worker-key-of-this-test";
const API_KEY = "the-api-key-of-this-test";
const CALLS_EACH = 10;

let folder: string;
let postgres: EmbeddedPostgres;
let store: Store;
let server: RunningServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-away-"));
  postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
  store = await openStore({ url: postgres.url });
  server = await startServer({
    config: readServerConfig({
      LIVEKIT_ENABLED: "false",
      PARLEY_PORT: "0",
      PARLEY_WORKER_KEY: WORKER_KEY,
      PARLEY_API_KEY: API_KEY,
      PARLEY_RATE_LIMIT: "1000000",
    }),
    livekit: null,
    store,
    agents: [{ name: "front-desk", title: "Front desk", description: "Answers.", demo: true }],
    log: pino({ level: "silent" }),
    webRoot: folder,
  });
});
afterEach(async () => {
  await server.close();
  await store.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string) => fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${API_KEY}` } });

test("Postgres stops and starts under load: reads are refused at once, calls write on, each fact is there once", async () => {
  const workers = await Promise.all(
    ["w1", "w2"].map((name) => fakeWorker(name, { port: server.port, key: WORKER_KEY })),
  );
  const calls = workers.flatMap((worker, w) =>
    Array.from({ length: CALLS_EACH }, (_, i) => ({ worker, call: callOf(`call-${w}-${i}`), seq: 0 })),
  );
  for (const { worker, call } of calls) worker.calls.push(call);
  let isWriting = true;
  const writing = (async () => {
    while (isWriting) {
      for (const one of calls) {
        one.worker.write(one.call, one.seq + 1, one.seq + 5);
        one.seq += 5;
      }
      await sleep(20);
    }
  })();
  for (let outage = 0; outage < 2; outage += 1) {
    await expect.poll(async () => (await get("/api/calls")).status, { timeout: 30_000 }).toBe(200);
    const before = await storedFacts();
    await expect.poll(storedFacts, { timeout: 30_000 }).toBeGreaterThan(before + 100);
    const { port } = postgres;
    await postgres.stop();
    const writtenBefore = calls[0]!.seq;
    await expect.poll(async () => (await get("/api/calls")).status).toBe(503);
    for (let i = 0; i < 200; i += 1) {
      const refused = await get(i % 2 === 0 ? "/api/calls" : "/api/calls/call-0-0");
      expect([refused.status, Number(refused.headers.get("retry-after")) > 0]).toEqual([503, true]);
      expect(await refused.json()).toMatchObject({ code: "store-away" });
    }
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    await expect.poll(() => calls[0]!.seq, { timeout: 30_000 }).toBeGreaterThan(writtenBefore + 50);
    postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres"), port });
  }
  isWriting = false;
  await writing;
  expect(await Promise.all(workers.map((worker: FakeWorker) => worker.uplink.drained(60_000)))).toEqual([true, true]);
  for (const { call, seq } of calls) {
    const row = await store.calls.get(call.callId);
    expect([row?.lastSeq, row?.factCount]).toEqual([seq, seq]);
    const seqs: number[] = [];
    for (let afterSeq: number | null = 0; afterSeq !== null; ) {
      const page = await store.facts.read(call.callId, { afterSeq, limit: 1_000 });
      seqs.push(...page.facts.map((fact) => fact.seq));
      afterSeq = page.nextAfterSeq;
    }
    expect(seqs).toEqual(Array.from({ length: seq }, (_, i) => i + 1));
  }
});

async function storedFacts(): Promise<number> {
  const { calls } = await store.calls.list({ limit: 100 });
  return calls.reduce((sum, { factCount }) => sum + factCount, 0);
}

const callOf = (callId: string) => ({
  callId,
  epoch: 1,
  room: null,
  agentName: "front-desk",
  identity: `agent-${callId}`,
  crashes: 0,
});
