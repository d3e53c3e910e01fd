import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { HttpProblem } from "../http/problem.ts";
import { type WatcherOptions, watcher } from "./watcher.ts";

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly log: string[] = [];
  send(text: string, done: () => void): void {
    this.sent.push(text);
    done();
  }
  close(code: number): void {
    this.log.push(`close ${code}`);
    this.readyState = 2;
  }
  terminate(): void {
    this.log.push("terminate");
  }
  ping(): void {
    this.log.push("ping");
  }
}

function setUp(options: Partial<WatcherOptions> = {}) {
  const socket = new FakeSocket();
  const timers: { ms: number; run: () => void }[] = [];
  const after = (ms: number, run: () => void) => {
    const timer = { ms, run };
    timers.push(timer);
    return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
  };
  let gone = 0;
  const sink = watcher(socket as unknown as WebSocket, {
    clock: { now: () => 0, wall: () => 0, after },
    carryOut: null,
    gone: () => {
      gone += 1;
    },
    ...options,
  });
  /** The next timer of that length is due. */
  const pass = (ms: number) => {
    const at = timers.findIndex((timer) => timer.ms === ms);
    timers.splice(at, 1)[0]?.run();
  };
  return { socket, sink, pass, gone: () => gone };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("who reads too slowly is closed with a code, and cut when it does not take that either", async () => {
  const { socket, sink, pass } = setUp({ maxBufferedBytes: 100 });
  await sink.facts("[1]", 1);
  socket.bufferedAmount = 101;
  await sink.facts("[2]", 2);
  await sink.facts("[3]", 3);
  expect(socket.sent).toEqual(['{"type":"facts","facts":[1]}']);
  expect(socket.log).toEqual(["close 4008"]);
  pass(2_000);
  expect(socket.log).toEqual(["close 4008", "terminate"]);
});

test("who answers no ping is cut", () => {
  const { socket, pass } = setUp();
  pass(15_000);
  socket.emit("pong");
  pass(15_000);
  expect(socket.log).toEqual(["ping", "ping"]);
  pass(15_000);
  expect(socket.log).toEqual(["ping", "ping", "terminate"]);
});

test("whose key was revoked is closed", async () => {
  const { socket, sink, pass } = setUp();
  sink.over("key-gone");
  expect(socket.log).toEqual(["close 4401"]);
  pass(2_000);
  expect(socket.log).toEqual(["close 4401", "terminate"]);
});

test("orders are answered each by its id, too many at once are refused, a fault tells nothing of itself", async () => {
  const running = Promise.withResolvers<Record<string, unknown>>();
  let fails: Error | null = null;
  const { socket, gone } = setUp({
    carryOut: async () => {
      if (fails) throw fails;
      return running.promise;
    },
  });
  const answers = () => socket.sent.map((text) => JSON.parse(text));
  const say = (id: number) => socket.emit("message", JSON.stringify({ type: "say", id, text: "Hello." }), false);
  for (let id = 1; id <= 9; id++) say(id);
  await settle();
  expect(answers()).toMatchObject([{ id: 9, ok: false, status: 429, code: "control-too-often" }]);
  running.resolve({ accepted: true });
  await settle();
  expect(answers().slice(1)).toEqual(
    Array.from({ length: 8 }, (_, index) => ({ type: "answer", id: index + 1, ok: true, accepted: true })),
  );
  fails = new HttpProblem(409, "agent-muted", "Unmute it.");
  say(10);
  await settle();
  fails = new Error("secret");
  say(11);
  await settle();
  expect(answers().slice(-2)).toEqual([
    { type: "answer", id: 10, ok: false, status: 409, code: "agent-muted", detail: "Unmute it." },
    { type: "answer", id: 11, ok: false, status: 500, code: "internal" },
  ]);
  socket.emit("close");
  expect(gone()).toBe(1);
});
