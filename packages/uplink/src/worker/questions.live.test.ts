import { expect } from "vitest";
import { noKeeper } from "../server/keeper.ts";
import { cuttingProxy } from "../test/cutting-proxy.ts";
import { closed, fact, facts, upTo, write } from "../test/log-file.ts";
import { test, until } from "../test/uplink-test.ts";

const AWAY = "http://127.0.0.1:9";

test("what is known of a caller is asked for; without an answer, or a line, nothing is", async ({ serve, ship }) => {
  const metadata = JSON.stringify({ userId: "ann" });
  const callContext = async (call: { metadata: string }) => ({
    context: { asked: JSON.parse(call.metadata) },
    language: "de",
  });
  const server = await serve({ callContext });
  const uplink = await ship(server.url);
  await until(() => expect(uplink.status().connected).toBe(true));
  expect(await uplink.callContext({ callId: "c", metadata }, 5_000)).toEqual({
    context: { asked: { userId: "ann" } },
    language: "de",
  });
  await server.stop();
  await until(() => expect(uplink.status().connected).toBe(false));
  expect(await uplink.callContext({ callId: "c", metadata }, 60_000)).toBe(null);
  const away = async () => Promise.reject(new Error("the store is away"));
  const other = await ship((await serve({ callContext: away })).url);
  await until(() => expect(other.status().connected).toBe(true));
  expect(await other.callContext({ callId: "c", metadata }, 5_000)).toBe(null);
});

test("a claim is asked of whoever keeps the book, with what the worker knows", async ({ serve, ship }) => {
  const asked: unknown[] = [];
  const { url } = await serve({
    keeper: {
      ...noKeeper,
      claim: async (peer, { callId, room, epoch }) => {
        asked.push([peer.worker, callId, room, epoch]);
        return epoch === null ? { granted: true, epoch: 4, owner: null } : { granted: false, epoch: 9, owner: "w8" };
      },
    },
  });
  const uplink = await ship(url, { worker: "w7" });
  expect(await uplink.claim({ callId: "c", room: "r", epoch: null }, 5_000)).toEqual({
    granted: true,
    epoch: 4,
    owner: null,
  });
  expect(await uplink.claim({ callId: "c", room: null, epoch: 3 }, 5_000)).toMatchObject({
    granted: false,
    owner: "w8",
  });
  expect(asked).toEqual([
    ["test/w7", "c", "r", null],
    ["test/w7", "c", null, 3],
  ]);
});

test("nobody answers: null for a claim, an error for a log, no for a hand-over", async ({ ship }) => {
  const uplink = await ship(AWAY);
  expect(await uplink.claim({ callId: "c", room: null, epoch: null }, 50)).toBe(null);
  await expect(uplink.readLog("c", 50)).rejects.toMatchObject({ code: "log-not-read", retryable: true });
  expect(await uplink.handOver({ callId: "c", epoch: 1 }, 50)).toEqual({ accepted: false, reason: "no-answer" });
});

test("an agent that a call wants, and whom it is given to, are told whole; what comes of it comes back", async ({
  serve,
  ship,
}) => {
  const asked: unknown[] = [];
  const to = { agentId: "sales", agentVersion: null, message: null, reason: "why", by: "agent", runBy: "sales" };
  const { url } = await serve({
    transfer: async (wanted) => {
      asked.push(wanted);
      if (wanted.agentId === "broken") throw new Error("no database");
      return { ok: false, reason: "agent-not-found", detail: "There is none." };
    },
    keeper: {
      ...noKeeper,
      handOver: async (_peer, { callId, to: target }) => {
        asked.push([callId, target]);
        return { accepted: true, reason: "" };
      },
    },
  });
  const uplink = await ship(url);
  const wanted = { callId: "c", agentId: "sales", reason: "why" };
  expect(await uplink.transfer(wanted, 5_000)).toEqual({
    ok: false,
    reason: "agent-not-found",
    detail: "There is none.",
  });
  expect(await uplink.transfer({ callId: "c", agentId: "broken" }, 5_000)).toEqual({
    ok: false,
    reason: "no-answer",
    detail: "no database",
  });
  expect(await uplink.handOver({ callId: "c", epoch: 1, to }, 5_000)).toEqual({ accepted: true, reason: "" });
  expect(asked).toEqual([wanted, { callId: "c", agentId: "broken" }, ["c", to]]);
  const away = await ship(AWAY);
  expect(await away.transfer(wanted, 50)).toEqual({ ok: false, reason: "no-answer" });
});

test("a book that cannot be read is no answer, and the line stays", async ({ serve, ship, sink }) => {
  const { url, uplinks } = await serve({
    keeper: {
      ...noKeeper,
      claim: () => Promise.reject(new Error("no database")),
      handOver: () => Promise.reject(new Error("no database")),
    },
  });
  sink.read = () => Promise.reject(new Error("no database"));
  const uplink = await ship(url);
  expect(await uplink.claim({ callId: "c", room: null, epoch: null }, 5_000)).toBe(null);
  await expect(uplink.readLog("c", 5_000)).rejects.toThrow(/no database/);
  expect(await uplink.handOver({ callId: "c", epoch: 1 }, 5_000)).toEqual({ accepted: false, reason: "no database" });
  expect(uplinks.peers()).toHaveLength(1);
});

test("a log comes back whole, in order and page by page, while the line breaks again and again", async ({
  sink,
  serve,
  ship,
  onEnd,
}) => {
  const { port } = await serve();
  const text = "x".repeat(2_000);
  await sink.appendBatch({ callId: "c", epoch: 1, facts: upTo(1_300).map((seq) => fact("c", seq, 1, { text })) });
  // 2.6 MB: six pages; the first lines break in the middle of them.
  const proxy = await cuttingProxy(port, (n) => ({ upBytes: 1e9, downBytes: n < 4 ? 300_000 + n * 450_000 : 1e9 }));
  onEnd(() => proxy.close());
  const uplink = await ship(proxy.url);
  const log = await uplink.readLog("c", 30_000);
  expect(proxy.cuts).toBe(4);
  expect(log.map((one) => one.seq)).toEqual(upTo(1_300));
  expect(log.at(-1)).toEqual(fact("c", 1_300, 1, { text }));
});

test("a call that nobody knows has an empty log", async ({ serve, ship }) => {
  const { url } = await serve();
  expect(await (await ship(url)).readLog("nobody", 5_000)).toEqual([]);
});

test("claims and hand-overs that are answered into a broken line are answered again", async ({
  serve,
  ship,
  onEnd,
}) => {
  let claims = 0;
  let handOvers = 0;
  const { port } = await serve({
    keeper: {
      ...noKeeper,
      claim: async () => {
        claims += 1;
        return { granted: true, epoch: 1, owner: null };
      },
      handOver: async () => {
        handOvers += 1;
        return { accepted: true, reason: "" };
      },
    },
  });
  // The welcome comes through, the answers do not.
  const proxy = await cuttingProxy(port, (n) => ({ upBytes: 1e9, downBytes: n < 6 ? 225 + n * 10 : 1e9 }));
  onEnd(() => proxy.close());
  const uplink = await ship(proxy.url);
  const answers = await Promise.all([
    uplink.claim({ callId: "c", room: "r", epoch: null }, 20_000),
    uplink.handOver({ callId: "d", epoch: 2 }, 20_000),
  ]);
  expect(answers).toEqual([
    { granted: true, epoch: 1, owner: null },
    { accepted: true, reason: "" },
  ]);
  expect(proxy.cuts).toBe(6);
  expect(Math.max(claims, handOvers)).toBeGreaterThan(1);
});

test("a worker that asks without end is told to wait, and others are answered", async ({ serve, connect, ship }) => {
  const { url } = await serve({ keeper: { ...noKeeper, claim: () => new Promise(() => undefined) } });
  const { socket, messages } = await connect(url);
  socket.send(JSON.stringify({ type: "hello", protocol: 7, worker: "w", instance: "i", agent: null }));
  for (let i = 0; i < 300; i += 1)
    socket.send(JSON.stringify({ type: "claim", requestId: `${i}`, callId: "c", room: null, epoch: null }));
  await until(() => expect(messages.filter(({ type }) => type === "error")).toHaveLength(300 - 256));
  expect(messages.at(-1)).toMatchObject({ code: "busy", requestId: "299" });
  expect(await (await ship(url)).readLog("nobody", 5_000)).toEqual([]);
});

test("shipped: when all of that file is stored, whatever becomes of others", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  const release = sink.hold();
  write(dir, facts("c", 1, 20));
  const uplink = await ship(url, { keepFiles: true });
  write(dir, facts("other", 1, 20));
  expect(await uplink.shipped("c", 1, 100)).toBe(false);
  release();
  expect(await uplink.shipped("c", 1, 10_000)).toBe(true);
  expect(sink.of("c")).toEqual(upTo(20));
  expect(await uplink.shipped("never-was", 1, 1_000)).toBe(true);
  await sink.appendBatch({ callId: "lost", epoch: 5, facts: facts("lost", 1, 3, 5) });
  write(dir, [...facts("lost", 1, 3), closed("lost", 4)]);
  expect(await uplink.shipped("lost", 1, 10_000)).toBe(false);
});
