import { createServer } from "node:net";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../../..");
export const WORKER_KEY = "chaos-worker-key-chaos-worker-key";
export const AGENT = "chaos";

const FOREIGN = /^(PARLEY_|LIVEKIT_|OPENAI_|DATABASE_URL$|BACKEND_URL$|MAX_CONCURRENT_JOBS$|VITEST|NODE_ENV$|TEST$)/;

/** What a user's shell has, and these settings: nothing of another Parley's, nor of a test runner's. */
export function environment(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))), ...settings };
}

/** A port for a part that will be started again at the same address. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** A part of the running house that can be killed and started again at its old address. */
export interface Part {
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** After `kill`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** SIGKILL, if it is still there; resolves when it is gone. */
export async function end(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
  await gone(pid);
}

export async function gone(pid: number, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} is still there after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
