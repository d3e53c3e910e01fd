import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { expect } from "vitest";
import { closed, facts, write } from "../test/log-file.ts";
import { HELLO, test, until } from "../test/uplink-test.ts";
import { type CallKeeper, noKeeper } from "./keeper.ts";

const leased = (callId: string, epoch = 1) => ({
  callId,
  epoch,
  room: "r",
  agentName: "desk",
  identity: `agent-${callId}`,
  crashes: 0,
});

function recorder(): { keeper: CallKeeper; said: unknown[][] } {
  const said: unknown[][] = [];
  const keeper: CallKeeper = {
    ...noKeeper,
    up: (peer) => said.push(["up", peer.worker, peer.instance, peer.agent]),
    leased: (_peer, { calls, draining, unshipped }) =>
      said.push(["leased", calls.map((call) => call.callId).join(), draining, unshipped.join()]),
    gone: (_peer, how) => said.push(["gone", how]),
  };
  return { keeper, said };
}

test("a worker says who it is, what it runs, and each change at once", async ({ dir, serve, ship, sink }) => {
  const { keeper, said } = recorder();
  const { url } = await serve({ keeper });
  const release = sink.hold();
  write(dir, [...facts("old", 1, 3), closed("old", 4)]);
  write(dir, facts("c", 1, 3));
  let running = [leased("c")];
  let draining = false;
  const uplink = await ship(url, {
    worker: "w7",
    instance: "i1",
    agent: "desk",
    runningCalls: () => running,
    draining: () => draining,
  });
  await until(() => expect(said).toHaveLength(2));
  expect(said).toEqual([
    ["up", "test/w7", "test/i1", "desk"],
    ["leased", "c", false, "old"],
  ]);
  running = [leased("c"), leased("d")];
  draining = true;
  uplink.beat();
  await until(() => expect(said[2]).toEqual(["leased", "c,d", true, "old"]));
  release();
  expect(await uplink.drained(10_000)).toBe(true);
  running = [];
  await uplink.close();
  await until(() =>
    expect(said.slice(3)).toEqual([
      ["leased", "", true, ""],
      ["gone", "goodbye"],
    ]),
  );
});

test("heartbeats go on without a change", async ({ serve, ship }) => {
  const { keeper, said } = recorder();
  const { url } = await serve({ keeper, leaseMs: 30 });
  await ship(url);
  await until(() => expect(said.filter(([what]) => what === "leased").length).toBeGreaterThan(3));
});

test.for<[what: string, how: string, end: (socket: { terminate(): void; close(code: number): void }) => void]>([
  ["a connection that breaks", "lost", (socket) => socket.terminate()],
  ["a worker that closes", "goodbye", (socket) => socket.close(1001)],
  ["a worker that closes with a complaint", "lost", (socket) => socket.close(4000)],
])("%s is told as %s", async ([_what, how, end], { serve, connect }) => {
  const { keeper, said } = recorder();
  const { url } = await serve({ keeper });
  const { socket } = await connect(url);
  socket.send(HELLO);
  await until(() => expect(said).toHaveLength(1));
  end(socket);
  await until(() => expect(said[1]).toEqual(["gone", how]));
});

test("a silent worker is lost; one that this end sends away is not", async ({ serve, connect, sink }) => {
  const { keeper, said } = recorder();
  const { url } = await serve({ keeper, leaseMs: 50 });
  const silent = await connect(url);
  silent.socket.send(HELLO);
  await until(() => expect(said[1]).toEqual(["gone", "lost"]));
  sink.failNext(Object.assign(new Error("no database"), { retryable: true }));
  const sent = await connect(url);
  sent.socket.send(HELLO);
  sent.socket.send(JSON.stringify({ type: "facts", batch: 1, callId: "c", epoch: 1, facts: facts("c", 1, 2) }));
  await until(() => expect(said.slice(2)).toEqual([expect.arrayContaining(["up"]), ["gone", "closed-by-us"]]));
});

test("one that never said hello was never there", async ({ serve, connect }) => {
  const { keeper, said } = recorder();
  const { url, uplinks } = await serve({ keeper });
  const { socket } = await connect(url);
  socket.terminate();
  await until(() => expect(uplinks.peers()).toEqual([]));
  expect(said).toEqual([]);
});

test("what a worker sent before it died is stored, however slow the store", async ({ serve, connect, sink }) => {
  const { url, uplinks } = await serve();
  const release = sink.hold();
  const { socket } = await connect(url);
  socket.send(HELLO);
  for (const seq of [1, 2, 3])
    socket.send(JSON.stringify({ type: "facts", batch: seq, callId: "c", epoch: 1, facts: facts("c", seq, seq) }));
  await new Promise((resolve) => socket.ping(resolve));
  await new Promise((resolve) => socket.once("pong", resolve));
  const [peer] = uplinks.peers();
  (socket as unknown as { _socket: Socket })._socket.destroy();
  release();
  await peer?.done;
  expect(sink.of("c")).toEqual([1, 2, 3]);
});

test("nothing of a call is stored behind what could not be", async ({ serve, connect, sink }) => {
  const { url } = await serve();
  await sink.appendBatch({ callId: "c", epoch: 1, facts: facts("c", 1, 9) });
  sink.failNext(Object.assign(new Error("no database"), { retryable: true }));
  const { socket, closed: code } = await connect(url);
  socket.send(HELLO);
  // A new owner goes on from a shorter copy: without the first batch the second one would be taken to begin it.
  for (const [batch, first] of [4, 7].entries())
    socket.send(
      JSON.stringify({ type: "facts", batch, callId: "c", epoch: 2, facts: facts("c", first, first + 2, 2) }),
    );
  expect(await code).toBe(1013);
  expect(sink.stored.filter(({ epoch }) => epoch === 2)).toEqual([]);
});

test("the keeper hears of a read before the log is given out, and may forbid it", async ({ serve, ship, sink }) => {
  await sink.appendBatch({ callId: "c", epoch: 1, facts: facts("c", 1, 3) });
  const order: string[] = [];
  const read = sink.read;
  sink.read = async (callId, page) => {
    order.push("read");
    return read(callId, page);
  };
  const reads = async (_peer: unknown, callId: string) => {
    order.push(`reads ${callId}`);
    if (callId === "d") throw new Error("no database");
  };
  const { url } = await serve({ keeper: { ...noKeeper, reads } });
  const uplink = await ship(url);
  expect(await uplink.readLog("c", 5_000)).toHaveLength(3);
  await expect(uplink.readLog("d", 5_000)).rejects.toThrow(/no database/);
  expect(order).toEqual(["reads c", "read", "reads d"]);
});

test("no file of a running call is removed, of whatever epoch; afterwards all are", async ({ dir, serve, ship }) => {
  const { url } = await serve();
  let running = [leased("c", 2)];
  const old = write(dir, facts("c", 1, 5));
  const now = write(dir, [...facts("c", 6, 9, 2), closed("c", 10, 2)]);
  const ended = write(dir, [...facts("d", 1, 2), closed("d", 3)]);
  const uplink = await ship(url, { runningCalls: () => running });
  expect(await uplink.drained(10_000)).toBe(true);
  await until(() => expect(existsSync(ended)).toBe(false));
  expect([existsSync(old), existsSync(now)]).toEqual([true, true]);
  running = [];
  await until(() => expect([existsSync(old), existsSync(now)]).toEqual([false, false]));
});

test("commands go down, and what came of them comes up", async ({ serve, ship }) => {
  const { url, uplinks } = await serve();
  const commands: unknown[] = [];
  await ship(url, {
    onCommand: async (command) => {
      commands.push(command);
      if (command.name === "interrupt") throw new Error("it does not speak");
      return command.name === "say" ? { ok: true, reason: "" } : { ok: false, reason: "x".repeat(5_000) };
    },
  });
  await until(() => expect(uplinks.peers()[0]?.instance).toMatch(/^test\/./));
  const [peer] = uplinks.peers();
  const say = { callId: "c", name: "say" as const, args: { text: "hello" } };
  expect(await peer?.command(say, 5_000)).toEqual({ ok: true, reason: "" });
  expect(commands).toEqual([{ commandId: expect.any(String), ...say }]);
  expect(await peer?.command({ ...say, name: "interrupt" }, 5_000)).toEqual({ ok: false, reason: "it does not speak" });
  expect((await peer?.command({ ...say, name: "end" }, 5_000))?.reason).toHaveLength(1_000);
});

test("a command has an answer in any case: no time, no line, nobody who takes commands", async ({ serve, ship }) => {
  const { url, uplinks } = await serve();
  const end = { callId: "c", name: "end" as const, args: {} };
  const without = await ship(url);
  await until(() => expect(uplinks.peers()[0]?.instance).toMatch(/^test\/./));
  expect(await uplinks.peers()[0]?.command(end, 5_000)).toMatchObject({ ok: false });
  await without.close();
  await until(() => expect(uplinks.peers()).toEqual([]));
  const deaf = await ship(url, { onCommand: () => new Promise(() => undefined) });
  await until(() => expect(uplinks.peers()[0]?.instance).toMatch(/^test\/./));
  const [peer] = uplinks.peers();
  expect(await peer?.command(end, 50)).toEqual({ ok: false, reason: "no-answer" });
  const cut = peer?.command(end, 5_000);
  await deaf.close();
  expect(await cut).toEqual({ ok: false, reason: "line-lost" });
  expect(await peer?.command(end, 5_000)).toEqual({ ok: false, reason: "line-lost" });
});
