import { expect, test } from "vitest";
import { parseFromServer, parseFromWorker } from "./messages.ts";
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
