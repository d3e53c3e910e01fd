import { EventEmitter } from "node:events";
import { beforeEach, expect, it, vi } from "vitest";
import { forkAhead, forkShard } from "./shard-process.ts";

const children: Child[] = [];

class Child extends EventEmitter {
  readonly pid = children.push(this);
  connected = true;
  readonly sent: unknown[] = [];
  send(message: unknown): void {
    this.sent.push(message);
  }
}

vi.mock("node:child_process", () => ({ fork: () => new Child() }));
beforeEach(() => {
  children.length = 0;
});

it("a shard begun ahead is the next one that is wanted, and only that", () => {
  forkAhead();
  forkAhead();
  expect(children).toHaveLength(1);
  const told: unknown[] = [];
  const shard = forkShard((message) => told.push(message));
  shard.send({ type: "close", reason: "test" });
  children[0]?.emit("message", { type: "beat" });
  expect(shard.pid).toBe(1);
  expect(children[0]?.sent).toEqual([{ type: "close", reason: "test" }]);
  expect(told).toEqual([{ type: "beat" }]);
  expect(forkShard(() => {}).pid).toBe(2);
});

it("one that ended before it was wanted says so to who wants it", async () => {
  forkAhead();
  children[0]?.emit("exit", 1, null);
  expect(await forkShard(() => {}).gone).toBe("exited with 1");
});
