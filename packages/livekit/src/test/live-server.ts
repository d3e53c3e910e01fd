import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../log.ts";
import { type LiveKitServerOptions, type LiveKitServerProcess, startLiveKitServer } from "../server-process/start.ts";

export const KEY = "testkey";
export const SECRET = "a-secret-for-tests-of-32-characters-or-more";

export interface LiveServer extends LiveKitServerProcess {
  dataDir: string;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** A real livekit-server on free ports, in a folder of its own that is removed with it. */
export async function liveServer(options: Partial<LiveKitServerOptions> = {}): Promise<LiveServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "parley-livekit-"));
  const server = await startLiveKitServer({
    dataDir,
    apiKey: KEY,
    apiSecret: SECRET,
    port: 0,
    log: silentLog,
    ...options,
  });
  return Object.assign(server, {
    dataDir,
    async remove() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  });
}
