import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Fact } from "@parley/conversation";
import { readFileLog } from "@parley/engine";
import { type ControlMethod, mintToken, roomConfigFor, SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { type OpenAiServer, type OpenAiServerOptions, startOpenAiServer } from "@parley/testkit";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

const keys = { apiKey: "testkey", apiSecret: "a-secret-for-tests-of-32-characters-or-more" };
const quiet = () => {};
const GREETING_TIMEOUT_MS = 30_000;

export interface HouseOptions {
  /** A file of ./agents; its name is the agent's. */
  agent: string;
  openai?: OpenAiServerOptions;
  /** More settings of the worker. */
  settings?: NodeJS.ProcessEnv;
}

/** A real livekit-server, providers behind OpenAI's protocol, and a worker as users start it, on ports of their own. */
/** What a token carries beside the room. */
export interface Ticket {
  /** What it permits to do with the call. */
  control?: readonly ControlMethod[];
  /** The dispatch's. */
  metadata?: Record<string, unknown>;
}

export interface House {
  readonly url: string;
  readonly openai: OpenAiServer;
  readonly worker: WorkerProcess;
  /** The worker's PARLEY_DATA. */
  readonly dataDir: string;
  /** Lets this identity into the room named like the call, and brings the agent if the join makes the room. */
  token(callId: string, identity?: string, ticket?: Ticket): Promise<string>;
  join(callId: string, identity?: string, ticket?: Ticket): Promise<SimulatedCaller>;
  /** Joins, and has heard the greeting to its end. */
  call(callId: string, ticket?: Ticket): Promise<SimulatedCaller>;
  /** What the call's file holds by now. */
  facts(callId: string): Fact[];
  callFiles(): string[];
  /** Callers leave, processes end, files are gone. */
  close(): Promise<void>;
}

export async function openHouse({ agent, openai: openaiOptions = {}, settings = {} }: HouseOptions): Promise<House> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "parley-calls-"));
  const callers: SimulatedCaller[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    await Promise.all(callers.map((caller) => caller.leave()));
    for (const closer of closers.splice(0).reverse()) await closer();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const callsDir = path.join(dataDir, "parley", "calls");
  try {
    const openai = await startOpenAiServer(openaiOptions);
    closers.push(() => openai.close());
    const server = await startLiveKitServer({
      dataDir: path.join(dataDir, "livekit"),
      ...keys,
      port: 0,
      log: { debug: quiet, info: quiet, warn: quiet, error: (_, text) => console.error(text) },
    });
    closers.push(() => server.stop());
    const worker = await startWorkerProcess(agent, {
      LIVEKIT_URL: server.url,
      LIVEKIT_API_KEY: keys.apiKey,
      LIVEKIT_API_SECRET: keys.apiSecret,
      OPENAI_API_KEY: "test-key",
      OPENAI_BASE_URL: openai.baseUrl,
      PARLEY_DATA: path.join(dataDir, "parley"),
      PARLEY_WORKER_PORT: "0",
      PARLEY_SHARDS: "1",
      PARLEY_DRAIN_MS: "1000",
      // The tests and the server share the machine: its load must not decide how many calls are let in.
      MAX_CONCURRENT_JOBS: "64",
      ...settings,
    });
    closers.push(() => worker.stop());

    const token = (callId: string, identity = `caller-of-${callId}`, { control = [], metadata = {} }: Ticket = {}) =>
      mintToken({
        ...keys,
        room: callId,
        identity,
        control,
        roomConfig: roomConfigFor([{ agentName: agent, metadata: JSON.stringify({ callId, ...metadata }) }]),
      });
    const join: House["join"] = async (callId, identity, ticket) => {
      const caller = await SimulatedCaller.join({ url: server.url, token: await token(callId, identity, ticket) });
      callers.push(caller);
      return caller;
    };
    return {
      url: server.url,
      openai,
      worker,
      dataDir: path.join(dataDir, "parley"),
      token,
      join,
      async call(callId, ticket) {
        const caller = await join(callId, undefined, ticket);
        await caller.onset(0, GREETING_TIMEOUT_MS);
        await caller.quiet();
        return caller;
      },
      facts(callId) {
        const { facts, problems } = readFileLog(path.join(callsDir, `${callId}.1.ndjson`));
        // The last line may be in the writing.
        if (problems.length > 1) throw new Error(JSON.stringify(problems));
        return facts;
      },
      callFiles: () => readdirSync(callsDir).filter((name) => name.endsWith(".ndjson")),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
