import { type LiveKitServerProcess, startLiveKitServer } from "@parley/livekit";
import { end, isAlive, type Part } from "./settings.ts";

export interface LiveKitPart extends Part {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

export const keys = { apiKey: "chaos", apiSecret: "chaos-secret-chaos-secret-chaos-secret" };
const quiet = () => {};

export async function openLiveKit(dataDir: string): Promise<LiveKitPart> {
  const options = { dataDir, ...keys, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } };
  let server: LiveKitServerProcess = await startLiveKitServer({ ...options, port: 0 });
  const { port, udpPort } = server;
  // It has a process group of its own: without this a run that is broken off would leave it behind.
  process.once("exit", () => {
    if (isAlive(server.pid)) process.kill(server.pid, "SIGKILL");
  });
  return {
    url: server.url,
    ...keys,
    get pid() {
      return server.pid;
    },
    async kill() {
      await end(server.pid);
      // Lets go of the folder.
      await server.stop();
    },
    async start() {
      server = await startLiveKitServer({ ...options, port, udpPort });
    },
    stop: () => server.stop(),
  };
}
