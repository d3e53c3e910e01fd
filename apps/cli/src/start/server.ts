import { type AgentCard, startServer } from "@parley/server";
import { openStore } from "@parley/store";
import type { Log } from "@parley/worker/log";
import { packedPage } from "./brought-along.ts";
import type { StartConfig } from "./config.ts";
import type { LiveKitAddress, Up } from "./embedded.ts";

export interface OpenServerOptions {
  config: StartConfig;
  /** Null: LiveKit is switched off. */
  livekit: LiveKitAddress | null;
  databaseUrl: string;
  workerKey: string;
  /** Base64; for secrets in the database where the configuration has none. */
  secretKey: string;
  agents: readonly [AgentCard, ...AgentCard[]];
  /** There are stored agents, and no worker that runs them. */
  storedWorkerWanted(): void;
  log: Log;
}

/** The server with its store; resolves with the page's address. */
export async function openServer(options: OpenServerOptions): Promise<Up<string>> {
  const { config, livekit, agents, workerKey, secretKey } = options;
  const given = config.server.secretKeys;
  const secretKeys = given.length > 0 ? given : [Buffer.from(secretKey, "base64")];
  const log = options.log.child({ part: "server" });
  const store = await openStore({
    url: options.databaseUrl,
    // Not the one that was made here: it may be gone with this folder, and the database stays.
    secretKeys: given,
    sealFacts: config.server.sealFacts,
    log,
  });
  try {
    const webRoot = packedPage();
    const server = await startServer({
      config: { ...config.server, workerKey, secretKeys },
      livekit,
      store,
      agents,
      storedWorkerWanted: options.storedWorkerWanted,
      log,
      ...(webRoot === null ? {} : { webRoot }),
    });
    if ((await store.agents.list({ limit: 1 })).items.length > 0) options.storedWorkerWanted();
    return {
      value: server.url,
      async close() {
        await server.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
