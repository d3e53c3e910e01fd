import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { WebSocketServer } from "ws";
import { silentLog } from "../log.ts";
import { cuttingProxy } from "../test/cutting-proxy.ts";
import { fact, facts, upTo, write } from "../test/log-file.ts";
import { test, until } from "../test/uplink-test.ts";

test("connections cut at any byte, either way, lose and double nothing", async ({ dir, sink, serve, ship, onEnd }) => {
  const { port } = await serve();
  // Prime steps, so that the cuts fall into headers, frames, acks and the middle of a fact.
  const proxy = await cuttingProxy(port, (n) => ({
    upBytes: 330 + n * 211,
    downBytes: n % 3 === 0 ? 250 + n * 7 : 1e9,
  }));
  onEnd(() => proxy.close());
  const uplink = await ship(proxy.url);
  for (let seq = 1; seq <= 400; seq += 1)
    write(
      dir,
      [fact("c", seq), fact("d", seq)].filter((f) => f.callId === "c"),
    );
  write(dir, facts("d", 1, 200));
  expect(await uplink.drained(60_000)).toBe(true);
  expect(proxy.cuts).toBeGreaterThan(20);
  expect(sink.of("c")).toEqual(upTo(400));
  expect(sink.of("d")).toEqual(upTo(200));
});

test("acks that never arrive mean the same facts again, stored once", async ({ dir, sink, serve, ship, onEnd }) => {
  const { port } = await serve();
  const proxy = await cuttingProxy(port, (n) => ({ upBytes: 1e9, downBytes: n < 8 ? 250 + n : 1e9 }));
  onEnd(() => proxy.close());
  write(dir, facts("c", 1, 50));
  const uplink = await ship(proxy.url);
  expect(await uplink.drained(30_000)).toBe(true);
  expect(sink.batches).toBeGreaterThan(1);
  expect(sink.of("c")).toEqual(upTo(50));
});

test("a server that stops and comes back at the same port goes on where it was", async ({ dir, sink, serve, ship }) => {
  const first = await serve();
  const uplink = await ship(first.url);
  write(dir, facts("c", 1, 100));
  await until(() => expect(sink.of("c")).toEqual(upTo(100)));
  await first.stop();
  write(dir, facts("c", 101, 200));
  await until(() => expect(uplink.status().connected).toBe(false));
  await serve({ port: first.port });
  expect(await uplink.drained(20_000)).toBe(true);
  expect(sink.of("c")).toEqual(upTo(200));
});

test("a worker that comes back goes on where the last one was, even with its notes lost", async ({
  dir,
  sink,
  serve,
  ship,
}) => {
  const { url } = await serve();
  write(dir, facts("c", 1, 100));
  const first = await ship(url);
  expect(await first.drained(10_000)).toBe(true);
  await first.close();
  const path = write(dir, facts("c", 101, 120));
  expect(readFileSync(`${path}.ack`, "utf8")).toContain('"seq":100');
  const second = await ship(url);
  expect(await second.drained(10_000)).toBe(true);
  await second.close();
  await rm(`${path}.ack`);
  const third = await ship(url);
  expect(await third.drained(10_000)).toBe(true);
  expect(sink.of("c")).toEqual(upTo(120));
});

test("a server that has lost its data gets the whole log again", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  const uplink = await ship(url);
  write(dir, facts("c", 1, 100));
  expect(await uplink.drained(10_000)).toBe(true);
  sink.forget();
  write(dir, facts("c", 101, 110));
  await until(() => expect(sink.of("c")).toEqual(upTo(110)));
});

test("a store that is away closes the line; nothing is lost", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  const uplink = await ship(url);
  sink.failNext(Object.assign(new Error("no database"), { retryable: true }));
  write(dir, facts("c", 1, 10));
  expect(await uplink.drained(20_000)).toBe(true);
  expect(sink.of("c")).toEqual(upTo(10));
});

test("a server that takes facts and never confirms them gets them again on a new line, and they are stored once", async ({
  dir,
  sink,
  serve,
  ship,
}) => {
  const { url } = await serve();
  const release = sink.hold();
  const said: object[] = [];
  write(dir, facts("c", 1, 20));
  const uplink = await ship(url, { confirmMs: 100, log: { ...silentLog, warn: (fields) => said.push(fields) } });
  await until(() =>
    expect(said).toContainEqual(expect.objectContaining({ reason: expect.stringContaining("confirmed") })),
  );
  release();
  expect(await uplink.drained(20_000)).toBe(true);
  expect(sink.of("c")).toEqual(upTo(20));
});

test("a server that falls silent is left for a new connection", async ({ ship, onEnd }) => {
  const silent = new WebSocketServer({ port: 0, host: "127.0.0.1", autoPong: false });
  let connections = 0;
  silent.on("connection", (socket) => {
    connections += 1;
    socket.send(JSON.stringify({ type: "welcome", protocol: 7, creditBytes: 1000, leaseMs: 20 }));
  });
  await new Promise((resolve) => silent.once("listening", resolve));
  onEnd(() => silent.close());
  await ship(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  await until(() => expect(connections).toBeGreaterThan(1));
});
