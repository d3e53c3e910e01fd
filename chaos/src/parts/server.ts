import path from "node:path";
import { type Child, startNode } from "@parley/bench/child";
import type { LiveKitPart } from "./livekit.ts";
import { AGENT, environment, freePort, gone, type Part, WORKER_KEY } from "./settings.ts";

export interface ServerPart extends Part {
  readonly url: string;
}

const MAIN = path.join(import.meta.dirname, "../server-main.ts");

/** The Parley server in a process of its own. */
export async function openServer(options: {
  livekit: LiveKitPart;
  databaseUrl: string;
  folder: string;
  logFolder: string;
}): Promise<ServerPart> {
  const { livekit, databaseUrl, folder, logFolder } = options;
  const port = await freePort();
  let starts = 0;
  let child: Child;
  const start = async () => {
    child = startNode({
      args: [MAIN],
      env: environment({
        LIVEKIT_URL: livekit.url,
        LIVEKIT_API_KEY: livekit.apiKey,
        LIVEKIT_API_SECRET: livekit.apiSecret,
        DATABASE_URL: databaseUrl,
        PARLEY_PORT: String(port),
        PARLEY_DATA: path.join(folder, "server"),
        PARLEY_WORKER_KEY: WORKER_KEY,
        CHAOS_AGENT: AGENT,
      }),
      logPath: path.join(logFolder, `server.${++starts}.log`),
    });
    await child.printed(/^server up/m, 30_000);
  };
  const kill = async () => {
    child.kill();
    await gone(child.pid);
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return child.pid;
    },
    kill,
    start,
    stop: kill,
  };
}
