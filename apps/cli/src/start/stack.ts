import { ParleyError } from "@parley/engine";
import type { Log } from "@parley/worker/log";
import type { StartConfig } from "./config.ts";
import { database, liveKit, type Up } from "./embedded.ts";
import { loadKeys } from "./keys.ts";
import { openServer, type ServerAddress } from "./server.ts";
import { type AgentWorker, openAgentWorker } from "./workers.ts";

/** Longest time in which everything must have ended. */
const CLOSE_MS = 30_000;

export interface StackOptions {
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

export function createStack(options: StackOptions): Stack {
  const { config, agentFiles, env, log } = options;
  const stopping = new AbortController();
  const death = Promise.withResolvers<ParleyError>();
  const died = (error: ParleyError): void => {
    if (!stopping.signal.aborted) death.resolve(error);
  };
  const workers: AgentWorker[] = [];
  let livekit: Promise<Up<{ url: string; apiKey: string; apiSecret: string }>> | undefined;
  let postgres: Promise<Up<string>> | undefined;
  let server: Promise<Up<ServerAddress>> | undefined;
  let starting: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;

  async function start(): Promise<string> {
    const keys = loadKeys(config.dataDir);
    const workerKey = config.workerKey ?? keys.workerKey;
    const lk = liveKit(config, keys, log.child({ part: "livekit" }), died, stopping.signal);
    const db = database(config, log.child({ part: "postgres" }), died);
    livekit = lk;
    postgres = db;

    // Models are loaded while the servers come up; the agent's name, which the page dispatches to, is known then.
    const openServerFor = async (agent: string): Promise<void> => {
      const [{ value: address }, { value: databaseUrl }] = await Promise.all([lk, db]);
      server ??= openServer({ config, livekit: address, databaseUrl, workerKey, defaultAgent: agent, env, log });
      await server;
    };
    const first = Promise.withResolvers<void>();
    first.promise.catch(() => {});

    const open = async (agentFile: string, index: number): Promise<void> => {
      const known = config.livekit ?? { url: `ws://127.0.0.1:${config.livekitPort}`, ...embeddedKeys(keys) };
      const worker = await openAgentWorker({
        agentFile,
        watch: options.watch,
        log,
        env: {
          ...env,
          LIVEKIT_URL: known.url,
          LIVEKIT_API_KEY: known.apiKey,
          LIVEKIT_API_SECRET: known.apiSecret,
          BACKEND_URL: `http://127.0.0.1:${config.port}`,
          PARLEY_WORKER_KEY: workerKey,
          PARLEY_DATA: config.dataDir,
          // One worker answers at the known port, the others anywhere.
          ...(index === 0 ? {} : { PARLEY_WORKER_PORT: "0" }),
        },
        parts: {
          signal: stopping.signal,
          log: log.child({ part: "worker" }),
          warm: async (agent) => {
            if (index > 0) return first.promise;
            await openServerFor(agent);
            first.resolve();
          },
        },
      });
      workers.push(worker);
    };
    const opening = agentFiles.map(open);
    starting = Promise.allSettled([lk, db, ...opening]);
    try {
      await Promise.all([lk, db, ...opening]);
    } catch (error) {
      first.reject(error);
      throw error;
    }
    const address = await server;
    if (!address) throw new RangeError("a stack has at least one agent");
    return address.value.url;
  }

  async function close(drainMs: number): Promise<void> {
    if (workers.length > 0)
      await settled(
        workers.map((worker) => worker.drain(drainMs)),
        log,
      );
    stopping.abort();
    await starting;
    await settled(
      workers.map((worker) => worker.close()),
      log,
    );
    for (const part of [server, postgres, livekit]) {
      const up = await part?.catch(() => null);
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

function embeddedKeys(keys: { livekitApiKey: string; livekitApiSecret: string }) {
  return { apiKey: keys.livekitApiKey, apiSecret: keys.livekitApiSecret };
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
