import { join } from "node:path";
import type { ParleyError } from "@parley/engine";
import { startLiveKitServer } from "@parley/livekit";
import { startEmbeddedPostgres } from "@parley/store";
import type { Log } from "@parley/worker/log";
import { ownAddress, type StartConfig } from "./config.ts";
import type { Keys } from "./keys.ts";
import { reviving } from "./revive.ts";

const WATCH_MS = 500;

/** A part that is up, with what the others need to know of it. */
export interface Up<T> {
  value: T;
  close(): Promise<void>;
}

export interface LiveKitAddress {
  url: string;
  fallbackUrls: readonly string[];
  apiKey: string;
  apiSecret: string;
}

/** What ends a part that nobody told to end. */
export type Died = (error: ParleyError) => void;

/** The given LiveKit server, or one beside. */
export async function liveKit(
  config: StartConfig,
  keys: Keys,
  log: Log,
  died: Died,
  signal: AbortSignal,
): Promise<Up<LiveKitAddress>> {
  if (config.server.livekit) return { value: config.server.livekit, close: async () => {} };
  const { livekitApiKey: apiKey, livekitApiSecret: apiSecret } = keys;
  const dataDir = join(config.server.dataDir, "livekit");
  let closing = false;
  const start = (ports: { port: number; udpPort?: number }) =>
    startLiveKitServer({
      dataDir,
      apiKey,
      apiSecret,
      log,
      ...ports,
      portSetting: "PARLEY_LIVEKIT_PORT",
      webhookUrls: [`${ownAddress(config.server)}/webhooks/livekit`],
      onExit: (reason) => revive(`The embedded LiveKit server died: ${reason}. Its log is in ${dataDir}.`),
      signal,
    });
  let server = await start({ port: config.livekitPort });
  const { port, udpPort } = server;
  const revive = reviving("livekit", {
    log,
    died,
    async again() {
      if (closing) return;
      server = await start({ port, udpPort });
      if (closing) await server.stop();
    },
  });
  return {
    value: { url: server.url, fallbackUrls: [], apiKey, apiSecret },
    close() {
      closing = true;
      return server.stop();
    },
  };
}

/** The given Postgres, or one beside. */
export async function database(config: StartConfig, log: Log, died: Died): Promise<Up<string>> {
  const { databaseUrl } = config.server;
  if (databaseUrl) return { value: databaseUrl, close: async () => {} };
  const dataDir = join(config.server.dataDir, "postgres");
  let postgres = await startEmbeddedPostgres({ dataDir, log });
  let closing = false;
  let dead = false;
  const revive = reviving("postgres", {
    log,
    died,
    async again() {
      // Lets go of the folder.
      await postgres.stop();
      if (closing) return;
      postgres = await startEmbeddedPostgres({ dataDir, log, port: postgres.port });
      dead = false;
      if (closing) await postgres.stop();
    },
  });
  const timer = setInterval(() => {
    if (dead || isAlive(postgres.pid)) return;
    dead = true;
    revive(`The embedded Postgres (process ${postgres.pid}) died. Its log is in ${dataDir}.`);
  }, WATCH_MS);
  timer.unref();
  return {
    value: postgres.url,
    async close() {
      closing = true;
      clearInterval(timer);
      await postgres.stop();
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, under another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
