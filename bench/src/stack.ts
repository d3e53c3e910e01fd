import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startLiveKitServer } from "@parley/livekit";
import { killAtExit, startNode } from "./child.ts";
import { makeClips } from "./clips.ts";
import { PAUSE_MS } from "./mock-ai/settings.ts";

const API_KEY = "bench";
const API_SECRET = "bench-secret-bench-secret-bench-secret";

/** What every target runs against: a real LiveKit server and providers with fixed delays, fresh for each target. */
export interface Stack {
  serverPid: number;
  mockPid: number;
  mockLogPath: string;
  clipsFolder: string;
  /** For temporary files; gone after `stop`. */
  folder: string;
  url: string;
  apiKey: string;
  apiSecret: string;
  /** What an agent is given. */
  env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

export async function startStack(logFolder: string, label: string): Promise<Stack> {
  const folder = mkdtempSync(path.join(tmpdir(), "parley-bench-"));
  const clipsFolder = path.join(folder, "clips");
  await makeClips(clipsFolder);
  const mockLogPath = path.join(folder, "mock.jsonl");
  const logPath = path.join(logFolder, `${label}.mock.log`);
  const mock = startNode({
    args: [path.join(import.meta.dirname, "mock-ai/main.ts")],
    env: { ...process.env, MOCK_LOG: mockLogPath, CLIPS_FOLDER: clipsFolder },
    logPath,
    isOutside: true,
  });
  const [, mockPort] = await mock.printed(/^mock-ai on (\d+)/m, 10_000);
  const quiet = () => {};
  const server = await startLiveKitServer({
    dataDir: path.join(folder, "livekit"),
    apiKey: API_KEY,
    apiSecret: API_SECRET,
    port: 0,
    log: { debug: quiet, info: quiet, warn: (_, text) => console.error(text), error: (_, text) => console.error(text) },
  });
  const spare = killAtExit(server.pid);
  return {
    serverPid: server.pid,
    mockPid: mock.pid,
    mockLogPath,
    clipsFolder,
    folder,
    url: server.url,
    apiKey: API_KEY,
    apiSecret: API_SECRET,
    env: {
      ...process.env,
      LIVEKIT_URL: server.url,
      LIVEKIT_API_KEY: API_KEY,
      LIVEKIT_API_SECRET: API_SECRET,
      OPENAI_API_KEY: "mock",
      OPENAI_BASE_URL: `http://127.0.0.1:${mockPort}/v1`,
      PARLEY_DATA: path.join(folder, "parley"),
      ENDPOINT_MS: String(PAUSE_MS),
    },
    async stop() {
      mock.kill();
      await server.stop();
      spare();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
