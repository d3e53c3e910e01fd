import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { type RunningServer, readServerConfig, startServer } from "@parley/server";
import { openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import { createLog, readWorkerConfig, startWorker, type Worker } from "@parley/worker";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";

const keys = { LIVEKIT_API_KEY: "testkey", LIVEKIT_API_SECRET: "a-secret-for-tests-of-32-characters-or-more" };
const WORKER_KEY = "the-worker-key-of-this-test";
const WAIT_MS = 20_000;
const AGENT = path.resolve(import.meta.dirname, "../../worker/src/test/agents/echo.ts");
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const folder = mkdtempSync(path.join(tmpdir(), "parley-waiting-"));
const closers: (() => unknown)[] = [];
const afterTest: (() => unknown)[] = [];
let livekitUrl: string;
let store: Store;
let count = 0;

const closeAll = async (list: (() => unknown)[]) => {
  for (const close of list.splice(0).reverse()) await close();
};

beforeAll(async () => {
  const [apiKey, apiSecret] = [keys.LIVEKIT_API_KEY, keys.LIVEKIT_API_SECRET];
  const dataDir = path.join(folder, "livekit");
  const livekit = await startLiveKitServer({ dataDir, apiKey, apiSecret, port: 0, log: silent });
  closers.push(() => livekit.stop());
  livekitUrl = livekit.url;
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, "postgres") });
  closers.push(() => postgres.stop());
  store = await openStore({ url: postgres.url });
  closers.push(() => store.close());
});
afterEach(() => closeAll(afterTest));
afterAll(async () => {
  await closeAll(closers);
  rmSync(folder, { recursive: true, force: true });
});

async function serve(waitMs = WAIT_MS): Promise<RunningServer> {
  const server = await startServer({
    config: readServerConfig({ PARLEY_PORT: "0", PARLEY_WORKER_KEY: WORKER_KEY }),
    livekit: { url: livekitUrl, apiKey: keys.LIVEKIT_API_KEY, apiSecret: keys.LIVEKIT_API_SECRET },
    store,
    agents: [{ name: "echo", title: "Echo", description: "", demo: true }],
    log: createLog("server", "silent"),
    leases: { heartbeatMs: 300, waitMs, lookMs: 500 },
  });
  afterTest.push(() => server.close());
  return server;
}

/** One call at a time. */
async function work(server: RunningServer, settings: NodeJS.ProcessEnv = {}): Promise<Worker> {
  count += 1;
  const env = {
    LIVEKIT_URL: livekitUrl,
    ...keys,
    BACKEND_URL: server.url,
    PARLEY_WORKER_KEY: WORKER_KEY,
    PARLEY_DATA: path.join(folder, `worker-${count}`),
    PARLEY_WORKER_PORT: "0",
    PARLEY_SHARDS: "1",
    PARLEY_LOG_LEVEL: "silent",
    MAX_CONCURRENT_JOBS: "1",
    ...settings,
  };
  const worker = await startWorker(readWorkerConfig(AGENT, env), { announce: () => {} });
  afterTest.push(() => worker.close());
  return worker;
}

interface Caller {
  ear: SimulatedCaller;
  room: string;
  /** The most agents that were in the room at a time. */
  mostAgents(): number;
}

async function dial(server: RunningServer): Promise<Caller> {
  count += 1;
  const room = `waiting-room-${count}`;
  const response = await fetch(`${server.url}/api/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ room_name: room }),
  });
  const { server_url: url, participant_token: token } = (await response.json()) as Record<string, string>;
  const ear = await SimulatedCaller.join({ url: url!, token: token! });
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, ear.agents.length);
  }, 20);
  afterTest.push(async () => {
    clearInterval(watch);
    await ear.leave();
  });
  return { ear, room, mostAgents: () => most };
}

const greeted = ({ ear }: Caller) =>
  [...ear.transcripts.values()].some(({ text, final }) => final && text === "Hello there.");
const hears = (caller: Caller, withinMs = 15_000) =>
  caller.ear.until(() => greeted(caller), withinMs, "the whole greeting");
const callsIn = async ({ room }: Caller) =>
  (await store.calls.list({ limit: 100 })).calls.filter((call) => call.room === room);

it("a caller for whom nobody has room waits, and is served once, when somebody leaves", async () => {
  const server = await serve();
  await work(server);
  const first = await dial(server);
  await hears(first);
  const second = await dial(server);
  await sleep(4_000);
  expect(second.mostAgents()).toBe(0);
  await first.ear.leave();
  await hears(second);
  await sleep(3_000);
  expect(second.mostAgents()).toBe(1);
  expect(await callsIn(second)).toMatchObject([{ status: "live", agent: "echo" }]);
  await second.ear.leave();
  await expect.poll(async () => (await callsIn(second))[0]?.endReason, { timeout: 10_000 }).toBe("participant-left");
});

it("a caller who waits goes to another worker as soon as one has room", async () => {
  const server = await serve();
  const full = await work(server);
  const first = await dial(server);
  await hears(first);
  const second = await dial(server);
  await sleep(3_000);
  const other = await work(server);
  await hears(second);
  expect([full.runningCalls, other.runningCalls, first.mostAgents(), second.mostAgents()]).toEqual([1, 1, 1, 1]);
});

it("of two callers in the same instant, whom one worker refuses the other takes", async () => {
  const server = await serve();
  await Promise.all([work(server), work(server)]);
  for (let round = 0; round < 3; round += 1) {
    const callers = await Promise.all([dial(server), dial(server)]);
    await Promise.all(callers.map((caller) => hears(caller)));
    expect(callers.map(({ mostAgents }) => mostAgents())).toEqual([1, 1]);
    await Promise.all(callers.map(({ ear }) => ear.leave()));
    await sleep(2_000);
  }
});

it("a caller who has waited too long is told goodbye, and the call says why", async () => {
  const server = await serve(3_000);
  await work(server);
  const first = await dial(server);
  await hears(first);
  const second = await dial(server);
  await second.ear.until(() => second.ear.lost !== null, 15_000, "the end of the room");
  expect(await callsIn(second)).toMatchObject([{ status: "ended", agent: "echo", endReason: "no-worker" }]);
  expect([second.mostAgents(), first.ear.lost]).toEqual([0, null]);
});
