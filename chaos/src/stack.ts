import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startNode } from "@parley/bench/child";
import { makeClips } from "@parley/bench/clips";
import { openStore, type Store } from "@parley/store";
import { type LiveKitPart, openLiveKit } from "./parts/livekit.ts";
import { openPostgres, type PostgresPart } from "./parts/postgres.ts";
import { openServer, type ServerPart } from "./parts/server.ts";
import { WORKER_KEY } from "./parts/settings.ts";
import { openWorker, type WorkerPart } from "./parts/worker.ts";

/** Everything that makes up Parley, each part in a process of its own, and what to read its memory with. */
export interface Stack {
  readonly livekit: LiveKitPart;
  readonly postgres: PostgresPart;
  readonly server: ServerPart;
  readonly workers: readonly WorkerPart[];
  readonly store: Store;
  readonly clipsFolder: string;
  /** Where the agent finds what is to go wrong. */
  readonly ordersFolder: string;
  readonly snapshotsFolder: string;
  readonly logFolder: string;
  stop(): Promise<void>;
}

export interface StackOptions {
  logFolder: string;
  workers: number;
  /** How long the agent waits for a caller who is gone. */
  graceMs: number;
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const { logFolder } = options;
  mkdirSync(logFolder, { recursive: true });
  const folder = mkdtempSync(path.join(tmpdir(), "parley-chaos-"));
  // Postgres runs as another user than root.
  chmodSync(folder, 0o755);
  const inFolder = (name: string) => {
    const made = path.join(folder, name);
    mkdirSync(made, { recursive: true });
    return made;
  };
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const clipsFolder = inFolder("clips");
    const ordersFolder = inFolder("orders");
    await makeClips(clipsFolder);
    const mock = await startMock(clipsFolder, logFolder);
    closers.push(() => mock.child.kill());
    const livekit = await openLiveKit(inFolder("livekit"));
    closers.push(() => livekit.stop());
    const postgres = await openPostgres(path.join(folder, "postgres"));
    closers.push(() => postgres.stop());
    const store = await openStore({ url: postgres.url, maxConnections: 4 });
    closers.push(() => store.close());
    const server = await openServer({ livekit, databaseUrl: postgres.url, folder, logFolder });
    closers.push(() => server.stop());
    const settings = {
      LIVEKIT_URL: livekit.url,
      LIVEKIT_API_KEY: livekit.apiKey,
      LIVEKIT_API_SECRET: livekit.apiSecret,
      BACKEND_URL: server.url,
      PARLEY_WORKER_KEY: WORKER_KEY,
      OPENAI_API_KEY: "mock",
      OPENAI_BASE_URL: mock.baseUrl,
      CHAOS_FOLDER: ordersFolder,
      GRACE_MS: String(options.graceMs),
    };
    const names = Array.from({ length: options.workers }, (_, index) => `worker-${index + 1}`);
    const workers: WorkerPart[] = [];
    for (const name of names) {
      const worker = await openWorker({ name, folder, logFolder, settings });
      closers.push(() => worker.stop());
      workers.push(worker);
    }
    const snapshotsFolder = inFolder("snapshots");
    return { livekit, postgres, server, workers, store, clipsFolder, ordersFolder, snapshotsFolder, logFolder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startMock(clipsFolder: string, logFolder: string): Promise<{ child: Child; baseUrl: string }> {
  const logPath = path.join(logFolder, "mock-ai.log");
  const child = startNode({
    args: [fileURLToPath(import.meta.resolve("@parley/bench/mock-ai"))],
    // Speech a little faster than people's, so that a long answer takes ten seconds.
    env: { ...process.env, CHAR_MS: "40", CLIPS_FOLDER: clipsFolder, GUESS_FROM_MS: "900" },
    logPath,
  });
  await child.printed(/^mock-ai on \d+/m, 10_000);
  const port = /^mock-ai on (\d+)/m.exec(readFileSync(logPath, "utf8"))?.[1];
  return { child, baseUrl: `http://127.0.0.1:${port}/v1` };
}
