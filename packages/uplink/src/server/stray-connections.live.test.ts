import { expect } from "vitest";
import { facts, write } from "../test/log-file.ts";
import { HELLO, KEY, test, until } from "../test/uplink-test.ts";

test.for<[what: string, messages: string | Buffer | string[], binary: boolean]>([
  [
    "facts before hello",
    JSON.stringify({ type: "lease", calls: [], draining: false, open: true, unshipped: [] }),
    false,
  ],
  ["no JSON", "\0\u0001garbage", false],
  ["binary", Buffer.alloc(64), true],
  ["another protocol", HELLO.replace(/"protocol":\d+/, '"protocol":99'), false],
  [
    "a fact without seq",
    [HELLO, JSON.stringify({ type: "facts", batch: 1, callId: "c", epoch: 1, facts: [{ type: "x" }] })],
    false,
  ],
  ["two hellos", [HELLO, HELLO], false],
])("%s ends that connection and no other", async ([_what, messages, binary], { dir, sink, serve, ship, connect }) => {
  const { url } = await serve();
  const good = await ship(url);
  const { socket, closed: code } = await connect(url);
  for (const message of [messages].flat()) socket.send(message, { binary });
  expect(await code).toBe(1008);
  write(dir, facts("c", 1, 3));
  expect(await good.drained(10_000)).toBe(true);
  expect(sink.of("c")).toEqual([1, 2, 3]);
});

test("a message that is too large ends the connection", async ({ serve, connect }) => {
  const { url } = await serve();
  const { socket, closed: code } = await connect(url);
  socket.send(HELLO);
  socket.send("x".repeat(1024 * 1024 + 1));
  expect(await code).toBe(1009);
});

test("a path that is not the uplink's is not taken", async ({ serve, refusal }) => {
  const { url } = await serve();
  expect(await refusal(url, "/other", KEY)).toBe(404);
});

test("a worker that falls silent is let go of", async ({ serve, connect }) => {
  const { url, uplinks } = await serve({ leaseMs: 30 });
  const { socket, closed: code } = await connect(url);
  socket.send(HELLO);
  expect(await code).toBe(1006);
  await until(() => expect(uplinks.peers()).toEqual([]));
});
