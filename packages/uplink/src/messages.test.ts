import { expect, test } from "vitest";
import { MAX_CALLS, parseFromServer, parseFromWorker, parseTakeOver } from "./messages.ts";
import { fact } from "./test/log-file.ts";
import { uplinkUrl } from "./worker/line.ts";

test("facts keep every field of their own", () => {
  const message = {
    type: "facts",
    batch: 1,
    callId: "c",
    epoch: 1,
    facts: [fact("c", 1, 1, { words: [{ word: "hi" }] })],
  };
  expect(parseFromWorker(JSON.stringify(message), false)).toEqual(message);
});

test.each([
  ["binary", Buffer.from("{}"), true, /binary/],
  ["not JSON", "{", false, /not JSON/],
  ["no type", "{}", false, /type/],
  ["unknown type", '{"type":"sudo"}', false, /type/],
  [
    "a path as call",
    JSON.stringify({ type: "facts", batch: 1, callId: "../../etc", epoch: 1, facts: [fact("c", 1)] }),
    false,
    /callId/,
  ],
  ["no facts", JSON.stringify({ type: "facts", batch: 1, callId: "c", epoch: 1, facts: [] }), false, /facts/],
  [
    "a negative seq",
    JSON.stringify({ type: "facts", batch: 1, callId: "c", epoch: 1, facts: [fact("c", -1)] }),
    false,
    /seq/,
  ],
])("%s is refused by name", (_what, data, isBinary, problem) => {
  expect(() => parseFromWorker(data, isBinary)).toThrow(problem);
});

const leased = { callId: "c", epoch: 1, room: "r", agentName: "desk", identity: "agent-c", crashes: 0 };
const lease = { type: "lease", calls: [leased], draining: false, open: true, unshipped: ["d"] };

const unserved = { type: "unserved", callId: "c", room: "r", agentName: "desk", metadata: "{}", reason: "full" };

test("a lease keeps what another worker needs", () => {
  expect(parseFromWorker(JSON.stringify(lease), false)).toEqual(lease);
  const many = { ...lease, calls: Array.from({ length: MAX_CALLS }, () => leased) };
  expect(parseFromWorker(JSON.stringify(many), false)).toEqual(many);
});

test.each([
  ["more calls than a worker runs", { ...lease, calls: Array.from({ length: MAX_CALLS + 1 }, () => leased) }, /calls/],
  ["more unshipped logs than are named", { ...lease, unshipped: Array.from({ length: 501 }, () => "c") }, /unshipped/],
  ["a path as call", { ...lease, calls: [{ ...leased, callId: "../x" }] }, /callId/],
  ["an endless room", { ...lease, calls: [{ ...leased, room: "r".repeat(257) }] }, /room/],
  ["an endless identity", { ...lease, calls: [{ ...leased, identity: "r".repeat(257) }] }, /identity/],
  ["an epoch that no integer holds", { ...lease, calls: [{ ...leased, epoch: 2 ** 31 }] }, /epoch/],
  ["an epoch of nothing", { ...lease, calls: [{ ...leased, epoch: 0 }] }, /epoch/],
  ["crashes without end", { ...lease, calls: [{ ...leased, crashes: 1e9 }] }, /crashes/],
  ["a claim of half an epoch", { type: "claim", requestId: "1", callId: "c", room: null, epoch: 1.5 }, /epoch/],
  ["an endless requestId", { type: "read", requestId: "1".repeat(129), callId: "c" }, /requestId/],
  ["unserved: an endless metadata", { ...unserved, metadata: "x".repeat(65_537) }, /metadata/],
  ["unserved: no room", { ...unserved, room: "" }, /room/],
  ["unserved: a path as call", { ...unserved, callId: "../x" }, /callId/],
  ["an endless reason", { type: "command-result", commandId: "1", ok: true, reason: "x".repeat(1_001) }, /reason/],
  ["a worker without an instance", { type: "hello", protocol: 7, worker: "w", agent: null }, /instance/],
])("%s is refused by name", (_what, message, problem) => {
  expect(() => parseFromWorker(JSON.stringify(message), false)).toThrow(problem);
});

test("the order to take over is whole, or refused by name", () => {
  const order = { room: "r", token: "t", identity: "agent-c", agentName: "desk", epoch: 4, crashes: 2 };
  expect(parseTakeOver(order)).toEqual({ ...order, metadata: null, next: null });
  expect(parseTakeOver({ ...order, metadata: "{}" })).toEqual({ ...order, metadata: "{}", next: null });
  expect(() => parseTakeOver({ ...order, metadata: "x".repeat(65_537) })).toThrow(/metadata/);
  expect(() => parseTakeOver({ ...order, epoch: 0 })).toThrow(/epoch/);
  expect(() => parseTakeOver({ ...order, token: "" })).toThrow(/token/);
  expect(() => parseTakeOver({ ...order, room: undefined })).toThrow(/room/);
});

test("what only a server says is not taken from a worker, and the other way round", () => {
  const ack = JSON.stringify({ type: "ack", batch: 1, callId: "c", epoch: 1, seq: 1 });
  expect(parseFromServer(ack, false)).toMatchObject({ type: "ack" });
  expect(() => parseFromWorker(ack, false)).toThrow();
  expect(() => parseFromServer('{"type":"lease","calls":[]}', false)).toThrow();
});

test("the address of the uplink follows from the server's", () => {
  expect(uplinkUrl("http://127.0.0.1:8080")).toBe("ws://127.0.0.1:8080/uplink");
  expect(uplinkUrl("https://parley.example/base/")).toBe("wss://parley.example/base/uplink");
  expect(() => uplinkUrl("127.0.0.1:8080")).toThrow(/BACKEND_URL/);
});
