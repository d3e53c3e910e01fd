import { ParleyError } from "@parley/engine";
import { readPrometheus } from "@parley/testkit/prometheus";
import type { FactSink, UplinkPeer } from "@parley/uplink";
import { expect, onTestFinished, test } from "vitest";
import { testApp } from "../test/app.ts";
import { serverMetrics } from "./server-metrics.ts";
import { measureFacts, measureWorkers } from "./watch-ingest.ts";

const METRICS_KEY = "the-metrics-key-of-this-test";
const host = { host: "localhost:8080" };

function metrics() {
  const opened = serverMetrics();
  onTestFinished(() => opened.close());
  return opened;
}

test.each([
  ["no key at all, from this machine", {}, {}, 200],
  ["no key at all, from elsewhere", {}, { remoteAddress: "192.0.2.7" }, 404],
  [
    "an API key alone: it opens nothing here",
    { apiKey: "the-root-key-of-this-test" },
    { key: "the-root-key-of-this-test" },
    404,
  ],
  ["its own key, sent", { apiKey: "the-root-key-of-this-test", metricsKey: METRICS_KEY }, { key: METRICS_KEY }, 200],
  ["its own key, another sent", { metricsKey: METRICS_KEY }, { key: "the-root-key-of-this-test" }, 401],
  ["its own key, none sent", { metricsKey: METRICS_KEY }, {}, 401],
] as const)(
  "/metrics with %s: %4$s",
  async (_what, config, { key, remoteAddress }: { key?: string; remoteAddress?: string }, status) => {
    const { app } = await testApp(config);
    const headers = { ...host, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
    const response = await app.inject({ url: "/metrics", headers, ...(remoteAddress ? { remoteAddress } : {}) });
    expect(response.statusCode).toBe(status);
    if (status !== 200)
      expect(response.json()).toMatchObject({ code: status === 404 ? "metrics-off" : "metrics-key-wrong" });
  },
);

test("scrapes take nothing from the limit of requests", async () => {
  const { app } = await testApp({ rateLimit: 2 });
  for (let n = 0; n < 20; n++) expect((await app.inject({ url: "/metrics", headers: host })).statusCode).toBe(200);
  expect((await app.inject({ url: "/api/calls", headers: host })).statusCode).toBe(200);
});

test("who guesses keys is slowed", async () => {
  const { app } = await testApp({ metricsKey: METRICS_KEY, rateLimit: 40 });
  const statuses: number[] = [];
  for (let n = 0; n < 35; n++) {
    const headers = { ...host, authorization: `Bearer guess-${n}` };
    statuses.push((await app.inject({ url: "/metrics", headers })).statusCode);
  }
  expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
});

test("answers are counted by the route's pattern, failures by code and by whose they are", async () => {
  const { app, storeFailure, livekitFailure } = await testApp();
  for (const path of ["/api/calls/one", "/api/calls/two", "/nowhere/one", "/nowhere/two"])
    await app.inject({ url: path, headers: host });
  livekitFailure.error = new ParleyError("x", { code: "livekit-unreachable", category: "network" });
  const seat = { room_name: "a", participant_identity: "p" };
  await app.inject({ method: "POST", url: "/api/token", headers: host, payload: seat });
  storeFailure.error = Object.assign(new Error("x"), {
    name: "StoreError",
    code: "store-unreachable",
    category: "network",
  });
  await app.inject({ url: "/api/calls", headers: host });
  const text = (await app.inject({ url: "/metrics", headers: host })).body;
  const { value } = readPrometheus(text);
  expect(text).not.toContain("nowhere");
  expect(value("http_request_duration_count", { route: "/api/calls/:callId", status: "404" })).toBe(2);
  expect(value("http_request_duration_count", { route: "none" })).toBe(2);
  expect(value("errors", { type: "store-unreachable", source: "api", recoverable: "true" })).toBe(1);
  expect(value("integration_errors", { integration: "store" })).toBe(1);
  expect(value("integration_errors", { integration: "livekit" })).toBeGreaterThan(0);
});

test("an answer about a call is logged with its callId", async () => {
  const { app, logLines } = await testApp();
  await app.inject({ url: "/api/calls/one", headers: host });
  await app.inject({ url: "/api/calls", headers: host });
  const answered = logLines().filter(({ msg }) => msg === "answered");
  expect(answered.map(({ callId }) => callId)).toEqual(["one", undefined]);
});

test("a batch that is sent again, has a gap, or fails is counted for what it is", async () => {
  const measured = metrics();
  type Stored = Awaited<ReturnType<FactSink["appendBatch"]>> & { stored?: number };
  const answers: (Stored | Error)[] = [
    { status: "stored", ackedSeq: 3, stored: 3 },
    { status: "stored", ackedSeq: 3, stored: 0 },
    { status: "stored", ackedSeq: 3, stored: 1 },
    { status: "gap", ackedSeq: 0 },
    new Error("away"),
  ];
  const sink = measureFacts(
    {
      read: async () => ({ facts: [], nextAfterSeq: null }),
      async appendBatch() {
        const answer = answers.shift()!;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    measured,
  );
  const fact = (seq: number, type: string) => ({
    callId: "c",
    epoch: 1,
    seq,
    at: seq,
    version: 1,
    type,
    reason: "no-worker",
  });
  const batch = { callId: "c", epoch: 1, facts: [fact(1, "a"), fact(2, "b"), fact(3, "call-closed")] };
  while (answers.length > 1) await sink.appendBatch(batch);
  await expect(sink.appendBatch(batch)).rejects.toThrow("away");
  const { value } = readPrometheus(measured.text());
  expect(value("facts_ingested")).toBe(4);
  expect(value("store_write_latency_count", { outcome: "stored" })).toBe(3);
  expect(value("store_write_latency_count", { outcome: "refused" })).toBe(1);
  expect(value("store_write_latency_count", { outcome: "failed" })).toBe(1);
  expect(value("fact_batch_size_sum")).toBe(15);
  expect(value("call_success_rate")).toBe(0);
});

test("what workers tell is shown added up, and what runs only while their lines stand; a collector is not told it again", () => {
  const shown = metrics();
  const workers = measureWorkers(shown);
  const [a, b] = [{}, {}] as UplinkPeer[];
  const turns = (count: number) => ({ turns: [[["replied"], count]], errors: [[["x", "stt", "true"], count]] });
  workers.told(a!, { sums: turns(2), running: { calls: 1, meanMs: 100, longestMs: 100 } });
  workers.told(b!, { sums: turns(3), running: { calls: 3, meanMs: 500, longestMs: 900 } });
  shown.requestFailed("x", true);
  const seen = () => readPrometheus(shown.text());
  expect([seen().value("turns"), seen().value("errors"), seen().value("errors", { source: "api" })]).toEqual([5, 6, 1]);
  const durations = () => ["mean", "longest"].map((of) => seen().value("session_duration", { of }));
  expect(durations()).toEqual([400, 900]);
  workers.gone(b!);
  expect(durations()).toEqual([100, 100]);
  workers.told(a!, { sums: {}, running: null });
  expect(durations()).toEqual([0, 0]);
  expect(seen().value("turns")).toBe(5);
  expect(shown.read().turns).toBeUndefined();
});
