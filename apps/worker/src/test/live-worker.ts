import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type LiveKitServerProcess,
  mintToken,
  roomConfigFor,
  SimulatedCaller,
  startLiveKitServer,
} from "@parley/livekit";
import { vi } from "vitest";
import { readWorkerConfig } from "../config.ts";
import type { WorkerHealth } from "../health.ts";
import { createLog } from "../log.ts";
import { startWorker, type Worker, type WorkerParts } from "../worker.ts";

const apiKey = "testkey";
const apiSecret = "a-secret-for-tests-of-32-characters-or-more";

const agentFile = (name: string) => fileURLToPath(new URL(`agents/${name}.ts`, import.meta.url));

/** A real livekit-server, workers on it, and people who call. Everything is gone after `close`. */
export interface LiveWorkers {
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  start(agent: string, settings?: NodeJS.ProcessEnv, parts?: WorkerParts): Promise<Worker>;
  /** Joins a room of its own, with the agent dispatched by the token, and waits for its voice. */
  call(agentName: string, room: string, withinMs?: number, metadata?: object): Promise<SimulatedCaller>;
  callFiles(): string[];
  close(): Promise<void>;
}

export async function liveWorkers(): Promise<LiveWorkers> {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-worker-"));
  const log = createLog("test", "warn");
  const server: LiveKitServerProcess = await startLiveKitServer({
    dataDir: join(dataDir, "livekit"),
    apiKey,
    apiSecret,
    port: 0,
    log,
  });
  const env = {
    LIVEKIT_URL: server.url,
    LIVEKIT_API_KEY: apiKey,
    LIVEKIT_API_SECRET: apiSecret,
    PARLEY_DATA: dataDir,
    PARLEY_WORKER_PORT: "0",
    PARLEY_SHARDS: "1",
    PARLEY_LOG_LEVEL: "warn",
  };
  const workers: Worker[] = [];
  const callers: SimulatedCaller[] = [];
  return {
    env,
    dataDir,
    async start(agent, settings = {}, parts = {}) {
      const config = readWorkerConfig(agentFile(agent), { ...env, ...settings });
      const worker = await startWorker(config, { announce: () => {}, ...parts });
      workers.push(worker);
      // It registers with the first of its shards; tests count on all.
      const allWarm = async () => {
        const response = await fetch(`http://127.0.0.1:${worker.port}/readyz`);
        const { shards } = (await response.json()) as WorkerHealth;
        return shards.length === config.shardsAtRest && shards.every(({ state }) => state === "ready");
      };
      await vi.waitUntil(allWarm, { timeout: 20_000 });
      return worker;
    },
    async call(agentName, room, withinMs = 20_000, metadata = {}) {
      const roomConfig = roomConfigFor([{ agentName, metadata: JSON.stringify({ callId: room, ...metadata }) }]);
      const token = await mintToken({ apiKey, apiSecret, room, identity: `caller-of-${room}`, roomConfig });
      const caller = await SimulatedCaller.join({ url: server.url, token, log });
      callers.push(caller);
      await caller.onset(0, withinMs);
      await caller.quiet();
      return caller;
    },
    callFiles: () => readdirSync(join(dataDir, "calls")).filter((name) => name.endsWith(".ndjson")),
    async close() {
      try {
        await Promise.all(callers.map((caller) => caller.leave()));
        await Promise.all(workers.map((worker) => worker.close()));
      } finally {
        await server.stop();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
  };
}
