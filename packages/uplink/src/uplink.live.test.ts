import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { silentLog } from "./log.ts";
import { type AttachOptions, attachUplink, singleKey, type UplinkServer } from "./server/attach.ts";
import { cuttingProxy } from "./test/cutting-proxy.ts";
import { closed, fact, facts, write } from "./test/log-file.ts";
import { type MemorySink, memorySink } from "./test/memory-sink.ts";
import { openUplink, type Uplink, type UplinkOptions } from "./worker/uplink.ts";

const KEY = "a-worker-key-of-this-test";
const cleanups: (() => unknown)[] = [];
let dir: string;
let sink: MemorySink;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "parley-uplink-"));
  sink = memorySink();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(dir, { recursive: true, force: true });
});

interface TestServer {
  port: number;
  url: string;
  uplinks: UplinkServer;
  stop(): Promise<void>;
}

async function serve(options: Partial<AttachOptions> & { port?: number } = {}): Promise<TestServer> {
  const server: Server = createServer((_request, response) => response.end("ok"));
  const uplinks = attachUplink(server, { store: sink, authenticate: singleKey("test", KEY), ...options });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    await uplinks.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  cleanups.push(stop);
  return { port, url: `http://127.0.0.1:${port}`, uplinks, stop };
}

async function ship(url: string, options: Partial<UplinkOptions> = {}): Promise<Uplink> {
  const uplink = await openUplink({
    url,
    key: KEY,
    dir,
    batchMs: 2,
    pollMs: 50,
    backoffMs: { first: 5, longest: 50 },
    ...options,
  });
  cleanups.push(() => uplink.close());
  return uplink;
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

describe("shipping", () => {
  test("a growing file arrives once and in order, and is deleted when the call has ended", async () => {
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

  test("many facts in a short time go out in few batches", async () => {
    const { url } = await serve();
    const uplink = await ship(url, { batchMs: 50 });
    for (let seq = 1; seq <= 1_000; seq += 1) write(dir, [fact("c", seq)]);
    expect(await uplink.drained(20_000)).toBe(true);
    expect(sink.of("c")).toEqual(upTo(1_000));
    expect(sink.batches).toBeLessThan(40);
  });

  test("a half-written last line waits until it is whole", async () => {
    const { url } = await serve();
    const uplink = await ship(url);
    const line = JSON.stringify(fact("c", 2));
    const path = write(dir, [fact("c", 1), line.slice(0, 30)]);
    expect(await uplink.drained(10_000)).toBe(true);
    expect(sink.of("c")).toEqual([1]);
    appendFileSync(path, `${line.slice(30)}\n`);
    await until(() => expect(sink.of("c")).toEqual([1, 2]));
  });

  test("many calls at once, each in its order", async () => {
    const { url } = await serve({ creditBytes: 20_000 });
    for (let call = 0; call < 40; call += 1) write(dir, [...facts(`c${call}`, 1, 60), closed(`c${call}`, 61)]);
    const uplink = await ship(url);
    expect(await uplink.drained(30_000)).toBe(true);
    for (let call = 0; call < 40; call += 1) expect(sink.of(`c${call}`)).toEqual(upTo(61));
    await vi.waitFor(async () => expect(await readdir(dir)).toEqual([]), { timeout: 10_000 });
  });

  test("a later epoch waits for the one before, whose torn end is given up", async () => {
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

  test("finished files are kept when asked for, and not sent again by the next worker", async () => {
    const { url } = await serve();
    write(dir, [...facts("c", 1, 5), closed("c", 6)]);
    writeFileSync(join(dir, "gone.1.ndjson.ack"), "{}");
    const first = await ship(url, { keepFiles: true });
    expect(await readdir(dir)).not.toContain("gone.1.ndjson.ack");
    expect(await first.drained(10_000)).toBe(true);
    await first.close();
    const batches = sink.batches;
    const second = await ship(url, { keepFiles: true });
    await until(() => expect(second.status().connected).toBe(true));
    expect(await second.drained(10_000)).toBe(true);
    expect(sink.batches).toBe(batches);
    expect(await readdir(dir)).toContain("c.1.ndjson");
  });

  test("kept files make place when the cap needs it; unshipped ones close the door instead", async () => {
    const text = "x".repeat(100_000);
    const fill = (callId: string) =>
      write(dir, [...upTo(5).map((seq) => fact(callId, seq, 1, { text })), closed(callId, 6)]);
    fill("a");
    fill("b");
    const away = await ship("http://127.0.0.1:9", { keepFiles: true, capMiB: 0.8 });
    expect(away.hasRoom()).toBe(false);
    expect((await readdir(dir)).sort()).toEqual(["a.1.ndjson", "b.1.ndjson"]);
    await away.close();
    const { url } = await serve();
    const uplink = await ship(url, { keepFiles: true, capMiB: 0.8 });
    expect(await uplink.drained(20_000)).toBe(true);
    await until(() => expect(uplink.hasRoom()).toBe(true));
    expect((await readdir(dir)).filter((name) => name.endsWith("ndjson"))).toEqual(["b.1.ndjson"]);
  });
});

describe("faults", () => {
  test("connections cut at any byte, either way, lose and double nothing", async () => {
    const { port } = await serve();
    // Prime steps, so that the cuts fall into headers, frames, acks and the middle of a fact.
    const proxy = await cuttingProxy(port, (n) => ({
      upBytes: 330 + n * 211,
      downBytes: n % 3 === 0 ? 250 + n * 7 : 1e9,
    }));
    cleanups.push(() => proxy.close());
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

  test("acks that never arrive mean the same facts again, stored once", async () => {
    const { port } = await serve();
    const proxy = await cuttingProxy(port, (n) => ({ upBytes: 1e9, downBytes: n < 8 ? 250 + n : 1e9 }));
    cleanups.push(() => proxy.close());
    write(dir, facts("c", 1, 50));
    const uplink = await ship(proxy.url);
    expect(await uplink.drained(30_000)).toBe(true);
    expect(sink.batches).toBeGreaterThan(1);
    expect(sink.of("c")).toEqual(upTo(50));
  });

  test("a server that stops and comes back at the same port goes on where it was", async () => {
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

  test("a worker that comes back goes on where the last one was, even with its notes lost", async () => {
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

  test("a server that has lost its data gets the whole log again", async () => {
    const { url } = await serve();
    const uplink = await ship(url);
    write(dir, facts("c", 1, 100));
    expect(await uplink.drained(10_000)).toBe(true);
    sink.forget();
    write(dir, facts("c", 101, 110));
    await until(() => expect(sink.of("c")).toEqual(upTo(110)));
  });

  test("a store that is away closes the line; nothing is lost", async () => {
    const { url } = await serve();
    const uplink = await ship(url);
    sink.failNext(Object.assign(new Error("no database"), { retryable: true }));
    write(dir, facts("c", 1, 10));
    expect(await uplink.drained(20_000)).toBe(true);
    expect(sink.of("c")).toEqual(upTo(10));
  });

  test("one call that the store cannot take does not hold up the others, and its file is kept", async () => {
    const { url } = await serve();
    const errors: object[] = [];
    sink.failNext(Object.assign(new Error("fact 1: at must be a number"), { retryable: false }));
    const path = write(dir, [...facts("bad", 1, 3), closed("bad", 4)]);
    const uplink = await ship(url, { log: { ...silentLog, warn: (fields) => errors.push(fields) } });
    await until(() => expect(errors).toContainEqual(expect.objectContaining({ callId: "bad" })));
    write(dir, facts("good", 1, 3));
    expect(await uplink.drained(10_000)).toBe(true);
    expect(sink.of("good")).toEqual([1, 2, 3]);
    expect(existsSync(path)).toBe(true);
  });

  test("a worker whose call was taken over is told, and sends nothing more of it", async () => {
    const { url } = await serve();
    await sink.appendBatch({ callId: "c", epoch: 3, facts: facts("c", 1, 5, 3) });
    const stale: object[] = [];
    const uplink = await ship(url, { onStale: (call) => stale.push(call) });
    write(dir, facts("c", 1, 9));
    await until(() => expect(stale).toEqual([{ callId: "c", epoch: 1 }]));
    const batches = sink.batches;
    write(dir, facts("c", 10, 12));
    expect(await uplink.drained(10_000)).toBe(true);
    expect(sink.batches).toBe(batches);
  });

  test("a damaged file is kept and named, and stops nothing else", async () => {
    const { url } = await serve();
    const errors: [object, string][] = [];
    const path = write(dir, [...facts("bad", 1, 3), ...facts("bad", 7, 9)]);
    const uplink = await ship(url, {
      log: { ...silentLog, error: (fields, message) => errors.push([fields, message]) },
    });
    write(dir, facts("good", 1, 3));
    expect(await uplink.drained(10_000)).toBe(true);
    expect(errors).toEqual([[expect.objectContaining({ path }), expect.stringContaining("after fact 3 comes fact 7")]]);
    expect(sink.of("good")).toEqual([1, 2, 3]);
    expect(existsSync(path)).toBe(true);
  });

  test("a file that became shorter is not guessed about", async () => {
    const { url } = await serve();
    const errors: string[] = [];
    const uplink = await ship(url, { log: { ...silentLog, error: (_fields, message) => errors.push(message) } });
    const path = write(dir, facts("c", 1, 20));
    expect(await uplink.drained(10_000)).toBe(true);
    await truncate(path, 100);
    await until(() => expect(errors.join()).toContain("shorter"));
  });
});

describe("the server's end", () => {
  const hello = JSON.stringify({ type: "hello", protocol: 1, worker: "w" });

  async function connect(
    url: string,
  ): Promise<{ socket: WebSocket; messages: { type: string }[]; closed: Promise<number> }> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/uplink`, {
      headers: { authorization: `Bearer ${KEY}` },
    });
    const messages: { type: string }[] = [];
    socket.on("message", (data) => messages.push(JSON.parse(String(data))));
    socket.on("error", () => undefined);
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    cleanups.push(() => socket.terminate());
    return { socket, messages, closed };
  }

  test("a wrong key is answered 401, and both ends name PARLEY_WORKER_KEY", async () => {
    const said: string[] = [];
    const warn = (_fields: object, message: string) => said.push(message);
    const { url, uplinks } = await serve({ log: { ...silentLog, warn } });
    const workerSaid: string[] = [];
    await ship(url, { key: "wrong", log: { ...silentLog, warn: (_f, message) => workerSaid.push(message) } });
    await until(() => expect(workerSaid).toHaveLength(1));
    expect(workerSaid[0]).toContain("PARLEY_WORKER_KEY");
    expect(said[0]).toContain("PARLEY_WORKER_KEY");
    expect(uplinks.peers()).toEqual([]);
    const socket = new WebSocket(`${url.replace("http", "ws")}/uplink`);
    const status = await new Promise((resolve) => socket.on("unexpected-response", (_q, r) => resolve(r.statusCode)));
    expect(status).toBe(401);
    socket.on("error", () => undefined).terminate();
  });

  test.each([
    ["facts before hello", JSON.stringify({ type: "lease", calls: [] }), false],
    ["no JSON", "\0\u0001garbage", false],
    ["binary", Buffer.alloc(64), true],
    ["another protocol", JSON.stringify({ type: "hello", protocol: 99, worker: "w" }), false],
    [
      "a fact without seq",
      [hello, JSON.stringify({ type: "facts", batch: 1, callId: "c", epoch: 1, facts: [{ type: "x" }] })],
      false,
    ],
    ["two hellos", [hello, hello], false],
  ])("%s ends that connection and no other", async (_what, messages, binary) => {
    const { url } = await serve();
    const good = await ship(url);
    const { socket, closed: code } = await connect(url);
    for (const message of [messages].flat()) socket.send(message, { binary });
    expect(await code).toBe(1008);
    write(dir, facts("c", 1, 3));
    expect(await good.drained(10_000)).toBe(true);
    expect(sink.of("c")).toEqual([1, 2, 3]);
  });

  test("a message that is too large ends the connection", async () => {
    const { url } = await serve();
    const { socket, closed: code } = await connect(url);
    socket.send(hello);
    socket.send("x".repeat(1024 * 1024 + 1));
    expect(await code).toBe(1009);
  });

  test("a path that is not the uplink's is not taken", async () => {
    const { url } = await serve();
    const socket = new WebSocket(`${url.replace("http", "ws")}/other`, { headers: { authorization: `Bearer ${KEY}` } });
    const status = await new Promise((resolve) => socket.on("unexpected-response", (_q, r) => resolve(r.statusCode)));
    expect(status).toBe(404);
    socket.on("error", () => undefined).terminate();
  });

  test("a worker that sends and does not wait is read only as fast as the store takes it", async () => {
    const { url } = await serve();
    const release = sink.hold();
    const { socket, messages } = await connect(url);
    socket.send(hello);
    const text = "x".repeat(50_000);
    for (let seq = 1; seq <= 400; seq += 1) {
      socket.send(
        JSON.stringify({ type: "facts", batch: seq, callId: "c", epoch: 1, facts: [fact("c", seq, 1, { text })] }),
      );
    }
    await until(() => expect(messages).toHaveLength(1));
    // 20 MB are on their way; the server takes a few messages and leaves the rest in the sockets.
    for (let before = -1, same = 0; same < 8; ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      same = socket.bufferedAmount === before ? same + 1 : 0;
      before = socket.bufferedAmount;
    }
    expect(socket.bufferedAmount).toBeGreaterThan(5_000_000);
    release();
    await until(() => expect(sink.of("c")).toEqual(upTo(400)));
    await until(() => expect(messages.filter((message) => message.type === "ack")).toHaveLength(400));
  });

  test("a worker that falls silent is let go of", async () => {
    const { url, uplinks } = await serve({ leaseMs: 30 });
    const { socket, closed: code } = await connect(url);
    socket.send(hello);
    expect(await code).toBe(1006);
    await until(() => expect(uplinks.peers()).toEqual([]));
  });

  test("leases come up, commands go down", async () => {
    const leases: unknown[] = [];
    const { url, uplinks } = await serve({ leaseMs: 300, onLease: (worker, calls) => leases.push([worker, calls]) });
    const commands: unknown[] = [];
    const running = [{ callId: "c", epoch: 2 }];
    await ship(url, { worker: "w7", runningCalls: () => running, onCommand: (command) => commands.push(command) });
    await until(() => expect(leases.length).toBeGreaterThan(2));
    expect(leases[0]).toEqual(["test/w7", running]);
    const commandId = uplinks.peers()[0]?.command({ callId: "c", name: "say", args: { text: "hello" } });
    await until(() => expect(commands).toEqual([{ commandId, callId: "c", name: "say", args: { text: "hello" } }]));
  });

  test("an address where no Parley server is gets named, with what it answered", async () => {
    const other = createServer();
    other.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => other.close(resolve)));
    const said: string[] = [];
    const warn = (_fields: object, message: string) => said.push(message);
    await ship(`http://127.0.0.1:${(other.address() as AddressInfo).port}`, { log: { ...silentLog, warn } });
    await until(() => expect(said).toEqual([expect.stringMatching(/500.*BACKEND_URL/)]));
  });

  test("a server that falls silent is left for a new connection", async () => {
    const silent = new WebSocketServer({ port: 0, host: "127.0.0.1", autoPong: false });
    let connections = 0;
    silent.on("connection", (socket) => {
      connections += 1;
      socket.send(JSON.stringify({ type: "welcome", protocol: 1, creditBytes: 1000, leaseMs: 20 }));
    });
    await new Promise((resolve) => silent.once("listening", resolve));
    cleanups.push(() => silent.close());
    await ship(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await until(() => expect(connections).toBeGreaterThan(1));
  });
});
