import { EventEmitter } from "node:events";
import { beforeEach, expect, it, vi } from "vitest";
import type { WorkerConfig } from "./config.ts";
import { bootAhead, FIRST_SHARD, forkAhead, forkShard } from "./shard-process.ts";

const children: Child[] = [];

class Child extends EventEmitter {
  readonly pid = children.push(this);
  connected = true;
  readonly sent: unknown[] = [];
  send(message: unknown): void {
    this.sent.push(message);
  }
}

const config = { agentFile: "agent.ts" } as WorkerConfig;
const settled = () => Promise.resolve();
const boot = (shardId: number) => ({ type: "boot", shardId, config });

vi.mock("node:child_process", () => ({ fork: () => new Child() }));
beforeEach(() => {
  children.length = 0;
});

it("a shard begun ahead is the next one that is wanted, and only that", async () => {
  forkAhead();
  forkAhead();
  expect(children).toHaveLength(1);
  const told: unknown[] = [];
  const shard = forkShard({ shardId: 1, config }, (message) => told.push(message));
  shard.send({ type: "close", reason: "test" });
  await settled();
  children[0]?.emit("message", { type: "beat" });
  expect(shard.pid).toBe(1);
  expect(children[0]?.sent).toEqual([boot(1), { type: "close", reason: "test" }]);
  expect(told).toEqual([{ type: "beat" }]);
  expect(forkShard({ shardId: 2, config }, () => {}).pid).toBe(2);
  expect(children[1]?.sent).toEqual([boot(2)]);
});

it("one that ended before it was wanted says so to who wants it", async () => {
  forkAhead();
  children[0]?.emit("exit", 1, null);
  expect(await forkShard({ shardId: 1, config }, () => {}).gone).toBe("exited with 1");
});

it("one that was booted ahead is booted once, and what it said before it was wanted is heard", async () => {
  forkAhead();
  bootAhead(config);
  const [child] = children;
  expect(child?.sent).toEqual([boot(FIRST_SHARD)]);
  child?.emit("message", { type: "named" });
  child?.emit("message", { type: "ready" });
  const told: unknown[] = [];
  forkShard({ shardId: FIRST_SHARD, config }, (message) => told.push(message));
  expect(told).toEqual([]);
  await settled();
  child?.emit("message", { type: "beat" });
  expect(told).toEqual([{ type: "named" }, { type: "ready" }, { type: "beat" }]);
  expect(child?.sent).toHaveLength(1);
});

it("without one begun ahead nothing is booted ahead", () => {
  bootAhead(config);
  expect(children).toEqual([]);
});
