import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Child, startNode } from "@parley/bench/child";
import { childrenOf, shardsOf } from "../processes.ts";
import { environment, gone, isAlive, type Part, root } from "./settings.ts";

/** What is read here of a worker's /healthz. */
export interface Health {
  /** Timers and handles of the supervisor, by Node's names for them. */
  resources: Record<string, number>;
  shards: { pid: number | null; state: string; resources: Record<string, number> }[];
}

export interface WorkerPart extends Part {
  readonly name: string;
  /** Where its call files are. */
  readonly callsDir: string;
  /** Its shards with the calls whose files they have open. */
  shards(): { pid: number; calls: string[] }[];
  /** A signal to the supervisor and all its shards at once. */
  signalAll(signal: NodeJS.Signals): void;
  /** As many shards as wanted are there; one that was killed and not started again wants none. */
  whole(): boolean;
  /** After `kill`; `shards`: how many, by default as in all other cases. */
  start(shards?: number): Promise<void>;
  /** What its health endpoint answers. */
  health(): Promise<Health>;
}

const SHARDS = 2;
const AGENT_FILE = path.join(root, "chaos/agents/chaos.ts");
const START_TIMEOUT_MS = 60_000;
const READY = /"port":(\d+)[^\n]*"msg":"worker ready"/;
const HEALTH_TIMEOUT_MS = 5_000;

/** A worker as users start it. `settings`: where its servers are. */
export async function openWorker(options: {
  name: string;
  folder: string;
  logFolder: string;
  settings: NodeJS.ProcessEnv;
}): Promise<WorkerPart> {
  const { name, folder, logFolder, settings } = options;
  const dataDir = path.join(folder, name);
  const callsDir = path.join(dataDir, "calls");
  mkdirSync(callsDir, { recursive: true });
  let starts = 0;
  let child: Child;
  let wanted = 0;
  let port = 0;
  const start = async (shards = SHARDS) => {
    const logPath = path.join(logFolder, `${name}.${++starts}.log`);
    child = startNode({
      args: [path.join(root, "apps/cli/src/main.js"), "worker", AGENT_FILE],
      env: environment({
        PARLEY_WORKER_PORT: "0",
        PARLEY_SHARDS: String(shards),
        PARLEY_DRAIN_MS: "2000",
        // Callers and servers share the machine: its load must not decide how many calls are let in.
        MAX_CONCURRENT_JOBS: "64",
        ...settings,
        PARLEY_DATA: dataDir,
      }),
      logPath,
    });
    await child.printed(/^worker registered/m, START_TIMEOUT_MS);
    // The line with its port comes by another stream, maybe later.
    await child.printed(READY, START_TIMEOUT_MS);
    port = Number(READY.exec(readFileSync(logPath, "utf8"))?.[1]);
    wanted = shards;
  };
  const tree = () => [child.pid, ...shardsOf(child.pid).map(({ pid }) => pid)].filter(isAlive);
  const signalAll = (signal: NodeJS.Signals) => {
    for (const pid of tree()) process.kill(pid, signal);
  };
  const kill = async () => {
    wanted = 0;
    // Quickly: callers' clocks run from here.
    const pids = [child.pid, ...childrenOf(child.pid)];
    child.kill();
    await Promise.all(pids.map((pid) => gone(pid)));
  };
  await start();
  return {
    name,
    callsDir,
    get pid() {
      return child.pid;
    },
    shards: () => shardsOf(child.pid),
    signalAll,
    whole: () => wanted === 0 || (isAlive(child.pid) && shardsOf(child.pid).length >= wanted),
    async health() {
      const response = await fetch(`http://127.0.0.1:${port}/healthz`, {
        signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
      });
      return (await response.json()) as Health;
    },
    kill,
    start,
    stop: kill,
  };
}
