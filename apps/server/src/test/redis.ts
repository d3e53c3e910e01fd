import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";

/** A redis-server of the test file's own, that can be killed and started again. */
export interface TestRedis {
  readonly url: string;
  kill(): void;
  start(): void;
}

export function testRedis(): TestRedis {
  let folder: string;
  let port = 0;
  let child: ChildProcess | null = null;
  const redis = {
    get url() {
      return `redis://127.0.0.1:${port}`;
    },
    kill: () => void child?.kill("SIGKILL"),
    start() {
      const args = ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"];
      child = spawn("redis-server", args, { cwd: folder, stdio: "ignore" });
    },
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "parley-redis-"));
    port = await freePort();
    redis.start();
  });
  afterAll(async () => {
    redis.kill();
    await rm(folder, { recursive: true, force: true });
  });
  return redis;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
