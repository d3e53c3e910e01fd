import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { WorkerHealth } from "../../src/health.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const LOG_KEPT = 20_000;

/** A worker as users start it: the command, settings in the environment, one line on standard output. */
export interface WorkerProcess {
  /** Everything on standard output so far. */
  readonly stdout: string;
  /** The end of standard error: its log. */
  readonly stderr: string;
  /** GET on PARLEY_WORKER_PORT. */
  health(which: "/healthz" | "/readyz"): Promise<{ status: number; body: WorkerHealth }>;
  /** SIGTERM, then SIGKILL. Idempotent. */
  stop(): Promise<void>;
}

/** Starts `parley worker apps/worker/test/agents/<agent>.ts`; resolves at `worker registered`. */
export async function startWorkerProcess(agent: string, settings: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  const args = ["apps/cli/src/main.js", "worker", `apps/worker/test/agents/${agent}.ts`];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: environment(settings),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr = (output.stderr + text).slice(-LOG_KEPT);
  });
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= end(child);
    return stopping;
  };
  try {
    await printed(child, () => /^worker registered$/m.test(output.stdout));
    // Its log says which port it took.
    await printed(child, () => portIn(output.stderr) !== undefined);
  } catch (error) {
    await stop();
    throw new Error(`the worker did not register: ${String(error)}\n${output.stdout}\n${output.stderr}`);
  }
  const port = portIn(output.stderr);
  return {
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    async health(which) {
      const response = await fetch(`http://127.0.0.1:${port}${which}`);
      return { status: response.status, body: (await response.json()) as WorkerHealth };
    },
    stop,
  };
}

/** What a user's shell has; nothing of the test runner's, nor of another Parley's. */
function environment(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(PARLEY_|LIVEKIT_|OPENAI_|BACKEND_URL$|MAX_CONCURRENT_JOBS$|VITEST|NODE_ENV$|TEST$)/;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  return { ...own, ...settings };
}

function portIn(log: string): number | undefined {
  const ready = log.split("\n").find((line) => line.includes('"worker ready"'));
  return ready === undefined ? undefined : (JSON.parse(ready) as { port: number }).port;
}

async function printed(child: ChildProcess, condition: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  while (!condition()) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const ended = new AbortController();
    const either = { signal: AbortSignal.any([signal, ended.signal]) };
    await Promise.race([
      once(child.stdout!, "data", either),
      once(child.stderr!, "data", either),
      once(child, "exit", either),
    ]).finally(() => ended.abort());
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
