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
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, vi } from "vitest";
import { readServerConfig } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { KEY, SECRET } from "./app.ts";
import { type FakeWorker, fakeWorker } from "./fake-worker.ts";

const WORKER_KEY = "the-worker-key-of-this-test";
export const API_KEY = "the-api-key-of-this-test";
export const LEASE_MS = 1_500;
const LEASES = { heartbeatMs: LEASE_MS / 3, settleMs: 2_000, lostMs: 700 };
const REPLICA = fileURLToPath(new URL("./replica-main.ts", import.meta.url));
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Several replicas of one database and one livekit-server, and the workers at them. One for a test file. */
export interface Replicas {
  store: Store;
  /** In this process. The first one that runs leads. */
  replica(): Promise<RunningServer>;
  /** In a process of its own, that can be killed. */
  killable(): Promise<{ child: ChildProcess; port: number; url: string }>;
  newCall(): LeasedCall;
  /** At the replica of that port, with the first five facts of its calls stored. */
  worker(name: string, port: number, calls?: LeasedCall[], agent?: string): Promise<FakeWorker>;
  /** What one test left live must not be taken over in the next. */
  endAll(): Promise<void>;
}

export function testReplicas(more: () => Record<string, string> = () => ({})): Replicas {
  const replicas = {} as Replicas;
  let folder: string;
  let postgres: EmbeddedPostgres;
  let livekit: Awaited<ReturnType<typeof startLiveKitServer>>;
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "parley-replicas-"));
    postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
    const dataDir = join(folder, "livekit");
    livekit = await startLiveKitServer({ dataDir, apiKey: KEY, apiSecret: SECRET, port: 0, log: silent });
    replicas.store = await openStore({ url: postgres.url });
  });
  afterAll(async () => {
    try {
      await replicas.store?.close();
    } finally {
      await Promise.allSettled([livekit?.stop(), postgres?.stop()]);
      await rm(folder, { recursive: true, force: true });
    }
  });

  replicas.endAll = async () => {
    for (const { callId, lastEpoch: epoch, lastSeq } of await replicas.store.calls.listLive({ limit: 500 })) {
      const closed = { callId, epoch, seq: lastSeq + 1, at: 0, version: 1, type: "call-closed", reason: "test" };
      await replicas.store.facts.appendBatch({ callId, epoch, facts: [closed] });
    }
  };
  beforeEach(replicas.endAll);

  const settings = () => ({
    PARLEY_PORT: "0",
    PARLEY_WORKER_KEY: WORKER_KEY,
    PARLEY_API_KEY: API_KEY,
    DATABASE_URL: postgres.url,
    LIVEKIT_URL: livekit.url,
    LIVEKIT_API_KEY: KEY,
    LIVEKIT_API_SECRET: SECRET,
    ...more(),
  });

  replicas.replica = async () => {
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
  };

  replicas.killable = async () => {
    const child = spawn(process.execPath, [REPLICA, JSON.stringify(LEASES)], {
      env: { ...process.env, ...settings() },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [line] = (await once(child.stdout!, "data")) as [Buffer];
    await sleep(LEASE_MS + 700);
    const port = Number(/\d+/.exec(String(line))?.[0]);
    return { child, port, url: `http://127.0.0.1:${port}` };
  };

  replicas.newCall = () => {
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
  };

  replicas.worker = async (name, port, calls = [], agent = "front-desk") => {
    const made = await fakeWorker(`${name}-${count}`, { port, key: WORKER_KEY, calls, agent });
    await vi.waitFor(() => expect(made.uplink.status().connected).toBe(true), { timeout: 10_000 });
    for (const call of calls) made.write(call, 1, 5);
    expect(await made.uplink.drained(10_000)).toBe(true);
    return made;
  };
  return replicas;
}
