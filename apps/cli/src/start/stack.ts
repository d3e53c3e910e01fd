import { join } from "node:path";
import { ParleyError } from "@parley/engine";
import type { AgentCard } from "@parley/server";
import type { Log } from "@parley/worker/log";
import { ownAddress, type StartConfig } from "./config.ts";
import { database, type LiveKitAddress, liveKit, type Up } from "./embedded.ts";
import { type Keys, loadKeys } from "./keys.ts";
import { openServer } from "./server.ts";
import { type AgentWorker, openAgentWorker } from "./workers.ts";

/** Longest time in which everything must have ended, beside what calls are given. */
const CLOSE_MS = 30_000;

export interface StackOptions {
  /** With every port known. */
  config: StartConfig;
  /** The first one answers people who ask for nobody in particular. */
  agentFiles: readonly string[];
  watch: boolean;
  env: NodeJS.ProcessEnv;
  log: Log;
}

/** Everything that makes up a running Parley on one machine. */
export interface Stack {
  /** Where the page is, once all parts take calls. @throws ParleyError naming the part that did not start. */
  start(): Promise<string>;
  /** Resolves when a part dies that nobody told to end. */
  readonly died: Promise<ParleyError>;
  /** Ends the parts in order, callers first. `drainMs`: how long running calls may go on. Idempotent. */
  close(drainMs: number): Promise<void>;
}

export function createStack({ config, agentFiles, watch, env, log }: StackOptions): Stack {
  const stopping = new AbortController();
  const death = Promise.withResolvers<ParleyError>();
  const workers: AgentWorker[] = [];
  /** In the order in which they are closed. */
  const parts: Promise<Up<unknown>>[] = [];
  let starting: Promise<unknown> = Promise.resolve();
  /** The worker of stored agents, once it is wanted. */
  let stored: Promise<void> | null = null;
  let closed: Promise<void> | undefined;

  const died = (error: ParleyError): void => {
    if (!stopping.signal.aborted) death.resolve(error);
  };

  async function start(): Promise<string> {
    const keys = loadKeys(config.server.dataDir);
    const workerKey = config.server.workerKey ?? keys.workerKey;
    const livekit: Promise<Up<LiveKitAddress | null>> = config.server.livekitEnabled
      ? liveKit(config, keys, log.child({ part: "livekit" }), died, stopping.signal)
      : Promise.resolve({ value: null, close: async () => {} });
    const postgres = database(config, log.child({ part: "postgres" }), died);

    // Agents are loaded while LiveKit and the database come up; the page needs to know them, and they need the page's
    // server before they register.
    const cards = agentFiles.map(() => Promise.withResolvers<AgentCard>());
    const server = Promise.all([livekit, postgres, Promise.all(cards.map(({ promise }) => promise))]).then(
      ([address, db, agents]) =>
        openServer({
          config,
          livekit: address.value,
          databaseUrl: db.value,
          workerKey,
          secretKey: keys.secretKey,
          agents: agents as [AgentCard, ...AgentCard[]],
          storedWorkerWanted: openStored,
          log,
        }),
    );
    parts.push(server, postgres, livekit);

    /** One worker answers at the known port and keeps its files in the usual place, the others beside. */
    const agentEnv = (index: number): NodeJS.ProcessEnv => ({
      ...env,
      ...addresses(config, keys, workerKey),
      ...(index === 0
        ? {}
        : { PARLEY_WORKER_PORT: "0", PARLEY_DATA: join(config.server.dataDir, `agent-${index + 1}`) }),
    });
    /** Only when there are stored agents: whoever has none does not pay for their worker. */
    function openStored(): void {
      if (stopping.signal.aborted) return;
      stored ??= openStoredWorker();
    }

    async function openStoredWorker(): Promise<void> {
      const storedEnv = { PARLEY_WORKER_PORT: "0", PARLEY_DATA: join(config.server.dataDir, "stored-agents") };
      const workerLog = log.child({ part: "worker" });
      try {
        const worker = await openAgentWorker({
          agentFile: null,
          toolFiles: agentFiles,
          watch,
          log,
          env: { ...agentEnv(0), ...storedEnv },
          parts: {
            signal: stopping.signal,
            log: workerLog,
            announce: () => workerLog.info("stored agents are answered"),
            named: async () => void (await server),
          },
        });
        workers.push(worker);
      } catch (error) {
        // Asked for again, it is tried again.
        stored = null;
        if (!stopping.signal.aborted) log.error({ err: error }, "the worker of stored agents did not start");
      }
    }

    const opening = agentFiles.map(async (agentFile, index) => {
      const parts = {
        signal: stopping.signal,
        log: log.child({ part: "worker" }),
        async named({ name, title, description, demo }: AgentCard) {
          cards[index]?.resolve({ name, title, description, demo });
          await server;
        },
      };
      try {
        workers.push(await openAgentWorker({ agentFile, watch, log, env: agentEnv(index), parts }));
      } catch (error) {
        cards[index]?.reject(error);
        throw error;
      }
    });
    starting = Promise.allSettled([...parts, ...opening]);
    await Promise.all([...parts, ...opening]);
    return (await server).value;
  }

  async function close(drainMs: number): Promise<void> {
    await settled(
      workers.map((worker) => worker.drain(drainMs)),
      log,
    );
    stopping.abort();
    await Promise.all([starting, stored]);
    await settled(
      workers.map((worker) => worker.close()),
      log,
    );
    for (const part of parts) {
      const up = await part.catch(() => null);
      await settled([up?.close()], log);
    }
  }

  return {
    start,
    died: death.promise,
    close(drainMs) {
      closed ??= within(close(drainMs), drainMs + CLOSE_MS);
      return closed;
    },
  };
}

/** What a worker is told of the parts beside it. */
function addresses(config: StartConfig, keys: Keys, workerKey: string): NodeJS.ProcessEnv {
  const { server } = config;
  const beside = { BACKEND_URL: ownAddress(server), PARLEY_WORKER_KEY: workerKey, PARLEY_DATA: server.dataDir };
  return { ...beside, ...(server.livekitEnabled ? liveKitOf(config, keys) : { LIVEKIT_ENABLED: "false" }) };
}

function liveKitOf({ server, livekitPort }: StartConfig, keys: Keys): NodeJS.ProcessEnv {
  const embedded: LiveKitAddress = {
    url: `ws://127.0.0.1:${livekitPort}`,
    fallbackUrls: [],
    apiKey: keys.livekitApiKey,
    apiSecret: keys.livekitApiSecret,
  };
  const { url, fallbackUrls, apiKey, apiSecret } = server.livekit ?? embedded;
  return {
    LIVEKIT_URL: [url, ...fallbackUrls].join(","),
    LIVEKIT_API_KEY: apiKey,
    LIVEKIT_API_SECRET: apiSecret,
  };
}

async function settled(closing: readonly (Promise<void> | undefined)[], log: Log): Promise<void> {
  for (const result of await Promise.allSettled(closing)) {
    if (result.status === "rejected") log.error({ err: result.reason }, "a part did not end cleanly");
  }
}

async function within(closing: Promise<void>, boundMs: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const error = new ParleyError(`Not everything had ended after ${boundMs / 1000} s; the log says what is missing.`, {
    code: "close-timeout",
    category: "timeout",
  });
  const timer = setTimeout(() => late.reject(error), boundMs);
  try {
    await Promise.race([closing, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
