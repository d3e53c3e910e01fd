import { appendFileSync, existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { expect, vi } from "vitest";
import { WebSocketServer } from "ws";
import { closed, fact, facts, upTo, write } from "../test/log-file.ts";
import { test, until } from "../test/uplink-test.ts";

test("a growing file arrives once and in order, and is deleted when the call has ended", async ({
  dir,
  sink,
  serve,
  ship,
}) => {
  const { url } = await serve();
  const uplink = await ship(url);
  for (let seq = 1; seq <= 300; seq += 1) {
    const path = write(dir, [fact("c", seq)]);
    if (seq % 50 === 0) {
      uplink.notify("c");
      await until(() => expect(sink.of("c").length).toBeGreaterThanOrEqual(seq));
      expect(existsSync(path)).toBe(true);
    }
  }
  write(dir, [closed("c", 301)]);
  await until(() => expect(sink.of("c")).toEqual(upTo(301)));
  await vi.waitFor(async () => expect(await readdir(dir)).toEqual([]), { timeout: 10_000 });
  expect(sink.stored[4]).toEqual(fact("c", 5));
});

test("many facts in a short time go out in few batches", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  const uplink = await ship(url, { batchMs: 50 });
  for (let seq = 1; seq <= 1_000; seq += 1) write(dir, [fact("c", seq)]);
  expect(await uplink.drained(20_000)).toBe(true);
  expect(sink.of("c")).toEqual(upTo(1_000));
  expect(sink.batches).toBeLessThan(40);
});

test("a half-written last line waits until it is whole", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  const uplink = await ship(url);
  const line = JSON.stringify(fact("c", 2));
  const path = write(dir, [fact("c", 1), line.slice(0, 30)]);
  expect(await uplink.drained(10_000)).toBe(true);
  expect(sink.of("c")).toEqual([1]);
  appendFileSync(path, `${line.slice(30)}\n`);
  await until(() => expect(sink.of("c")).toEqual([1, 2]));
});

test("many calls at once, each in its order", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve({ creditBytes: 20_000 });
  for (let call = 0; call < 40; call += 1) write(dir, [...facts(`c${call}`, 1, 60), closed(`c${call}`, 61)]);
  const uplink = await ship(url);
  expect(await uplink.drained(30_000)).toBe(true);
  for (let call = 0; call < 40; call += 1) expect(sink.of(`c${call}`)).toEqual(upTo(61));
  await vi.waitFor(async () => expect(await readdir(dir)).toEqual([]), { timeout: 10_000 });
});

test("a later epoch waits for the one before, whose torn end is given up", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  const release = sink.hold();
  // Several batches long, so that the later epoch could overtake it.
  const long = facts("c", 1, 20).map((one) => ({ ...one, text: "x".repeat(40_000) }));
  write(dir, [...long, '{"callId":"c","ep']);
  write(dir, facts("c", 21, 30, 2));
  const uplink = await ship(url);
  release();
  expect(await uplink.drained(10_000)).toBe(true);
  expect(sink.of("c")).toEqual(upTo(30));
  await vi.waitFor(async () =>
    expect((await readdir(dir)).filter((name) => name.endsWith("ndjson"))).toEqual(["c.2.ndjson"]),
  );
});

test("a new owner's first facts are stored before any others are sent", async ({ dir, ship, onEnd }) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const batches: number[] = [];
  server.on("connection", (socket) => {
    socket.send(JSON.stringify({ type: "welcome", protocol: 7, creditBytes: 1e9, leaseMs: 10_000 }));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.type !== "facts") return;
      const { batch, callId, epoch } = message;
      batches.push(message.facts[0].seq);
      const seq = message.facts.at(-1).seq;
      if (batches.length === 1)
        setTimeout(() => socket.send(JSON.stringify({ type: "ack", batch, callId, epoch, seq })), 300);
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  onEnd(() => server.close());
  const text = "x".repeat(30_000);
  write(
    dir,
    upTo(40)
      .slice(3)
      .map((seq) => fact("c", seq, 2, { text })),
  );
  await ship(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await until(() => expect(batches).toEqual([4]));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(batches).toEqual([4]);
  // Once they are, the rest does not wait for one another.
  await until(() => expect(batches.length).toBeGreaterThan(5));
});
