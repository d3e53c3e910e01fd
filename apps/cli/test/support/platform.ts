import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { type RunningServer, readServerConfig, startServer } from "@parley/server";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import { createLog, readWorkerConfig, startWorker, type Worker } from "@parley/worker";

const keys = { LIVEKIT_API_KEY: "testkey", LIVEKIT_API_SECRET: "a-secret-for-tests-of-32-characters-or-more" };
const WORKER_KEY = "the-worker-key-of-this-test";
export const ROOT_KEY = "the-root-key-of-this-test";
const AGENT = path.resolve(import.meta.dirname, "../../../worker/src/test/agents/echo.ts");
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  json: any;
  headers: Headers;
}

export interface LivePlatformOptions {
  /** Of the worker; null: it runs stored agents. Default: the agent `echo`. */
  agentFile?: string | null;
  toolFiles?: readonly string[];
  /** More settings of the worker. */
  settings?: NodeJS.ProcessEnv;
}

/** LiveKit, Postgres, the server and a worker with the agent `echo`, all real. */
export interface LivePlatform {
  server: RunningServer;
  worker: Worker;
  store: Store;
  postgres: EmbeddedPostgres;
  /** The worker's PARLEY_DATA. */
  workerDataDir: string;
  send(method: string, url: string, options?: { key?: string | null; body?: object }): Promise<Answer>;
  keyFor(scopes: string[], tenantId?: string): Promise<string>;
  /** One more, in a folder of its own; null: of stored agents. */
  startWorker(agentFile: string | null, settings?: NodeJS.ProcessEnv): Promise<Worker>;
  /** Somebody calls; answers when the greeting was heard and the call is in the store. */
  call(
    key?: string,
    agentId?: string,
    metadata?: object,
  ): Promise<{ callId: string; room: string; caller: SimulatedCaller }>;
  close(): Promise<void>;
}

export async function livePlatform({
  agentFile = AGENT,
  toolFiles = [],
  settings = {},
}: LivePlatformOptions = {}): Promise<LivePlatform> {
  const folder = mkdtempSync(path.join(tmpdir(), "parley-platform-"));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const [apiKey, apiSecret] = [keys.LIVEKIT_API_KEY, keys.LIVEKIT_API_SECRET];
    const dataDir = path.join(folder, "livekit");
    const livekit = await startLiveKitServer({ dataDir, apiKey, apiSecret, port: 0, log: silent });
    closers.push(() => livekit.stop());
    const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, "postgres") });
    closers.push(() => postgres.stop());
    const store = await openStore({ url: postgres.url });
    closers.push(() => store.close());
    const server = await startServer({
      config: readServerConfig({
        PARLEY_PORT: "0",
        PARLEY_WORKER_KEY: WORKER_KEY,
        PARLEY_API_KEY: ROOT_KEY,
        PARLEY_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
      }),
      livekit: { url: livekit.url, apiKey, apiSecret },
      store,
      agents: [{ name: "echo", title: "Echo", description: "", demo: true }],
      log: createLog("server", "silent"),
    });
    closers.push(() => server.close());
    const env = {
      LIVEKIT_URL: livekit.url,
      ...keys,
      BACKEND_URL: server.url,
      PARLEY_WORKER_KEY: WORKER_KEY,
      PARLEY_DATA: path.join(folder, "worker"),
      PARLEY_WORKER_PORT: "0",
      PARLEY_SHARDS: "1",
      PARLEY_LOG_LEVEL: "silent",
      MAX_CONCURRENT_JOBS: "8",
      ...settings,
    };
    const worker = await startWorker(readWorkerConfig(agentFile, env, toolFiles), { announce: () => {} });
    closers.push(() => worker.close());

    const send: LivePlatform["send"] = async (method, url, { key = ROOT_KEY, body } = {}) => {
      const response = await fetch(`${server.url}${url}`, {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get("content-type") ?? "");
      return { status: response.status, json: isJson ? JSON.parse(text) : text, headers: response.headers };
    };
    return {
      server,
      worker,
      store,
      postgres,
      workerDataDir: env.PARLEY_DATA,
      send,
      async keyFor(scopes, tenantId) {
        const body = { name: "of this test", scopes, ...(tenantId === undefined ? {} : { tenantId }) };
        return (await send("POST", "/api/keys", { body })).json.key;
      },
      async startWorker(file, more = {}) {
        const dataDir = path.join(folder, `worker-${closers.length}`);
        const config = readWorkerConfig(file, { ...env, PARLEY_DATA: dataDir, ...more }, []);
        const another = await startWorker(config, { announce: () => {} });
        closers.push(() => another.close());
        return another;
      },
      async call(key, agentId = "echo", metadata = {}) {
        const more = key === undefined ? {} : { key };
        const made = await send("POST", "/livekit/create-room", {
          ...more,
          body: { participantName: "Ann", agentId, metadata },
        });
        const { connectionId, roomName: room, accessToken: token, serverUrl: url } = made.json;
        const { callId } = (await send("GET", `/livekit/connection-status/${connectionId}`, more)).json;
        const caller = await SimulatedCaller.join({ url, token });
        closers.push(() => caller.leave());
        const greeted = () => [...caller.transcripts.values()].some(({ text, final }) => final && /Hello/.test(text));
        await caller.until(greeted, 20_000, "the whole greeting");
        await caller.quiet();
        return { callId, room, caller };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
