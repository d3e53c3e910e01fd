import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { type RunningServer, readServerConfig, startServer } from "@parley/server";
import { openStore, startEmbeddedPostgres } from "@parley/store";
import { speechClip } from "@parley/testkit";
import { type Collector, openCollector } from "@parley/testkit/otlp";
import { readPrometheus } from "@parley/testkit/prometheus";
import { createLog, readWorkerConfig, startWorker, type Worker } from "@parley/worker";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

const keys = { LIVEKIT_API_KEY: "testkey", LIVEKIT_API_SECRET: "a-secret-for-tests-of-32-characters-or-more" };
const WORKER_KEY = "the-worker-key-of-this-test";
const METRICS_KEY = "the-metrics-key-of-this-test";
const AGENT = path.resolve(import.meta.dirname, "agents/measured.ts");
const QUESTION = "what are your opening hours";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const folder = mkdtempSync(path.join(tmpdir(), "parley-metrics-"));
const closers: (() => unknown)[] = [];
let collector: Collector;
let server: RunningServer;
let worker: Worker;

beforeAll(async () => {
  const [apiKey, apiSecret] = [keys.LIVEKIT_API_KEY, keys.LIVEKIT_API_SECRET];
  const dataDir = path.join(folder, "livekit");
  const livekit = await startLiveKitServer({ dataDir, apiKey, apiSecret, port: 0, log: silent });
  closers.push(() => livekit.stop());
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, "postgres") });
  closers.push(() => postgres.stop());
  const store = await openStore({ url: postgres.url });
  closers.push(() => store.close());
  collector = await openCollector();
  closers.push(() => collector.close());
  const measuring = { PARLEY_METRICS_KEY: METRICS_KEY, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  server = await startServer({
    config: readServerConfig({ PARLEY_PORT: "0", PARLEY_WORKER_KEY: WORKER_KEY, ...measuring }),
    livekit: { url: livekit.url, apiKey, apiSecret },
    store,
    agents: [{ name: "measured", title: "Measured", description: "", demo: true }],
    log: createLog("server", "silent"),
    leases: { heartbeatMs: 300 },
  });
  closers.push(() => server.close());
  const env = {
    LIVEKIT_URL: livekit.url,
    ...keys,
    BACKEND_URL: server.url,
    PARLEY_WORKER_KEY: WORKER_KEY,
    ...measuring,
    PARLEY_DATA: path.join(folder, "worker"),
    PARLEY_WORKER_PORT: "0",
    PARLEY_SHARDS: "1",
    PARLEY_LOG_LEVEL: "silent",
    MAX_CONCURRENT_JOBS: "3",
  };
  worker = await startWorker(readWorkerConfig(AGENT, env), { announce: () => {} });
  closers.push(() => worker.close());
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

const ofWorker = () => `http://127.0.0.1:${worker.port}`;

async function text(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${METRICS_KEY}` } });
  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  return response.text();
}

const scrape = async (url: string) => readPrometheus(await text(url));

async function dial(): Promise<SimulatedCaller> {
  const response = await fetch(`${server.url}/livekit/create-room`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ participantName: "Caller", agentId: "measured" }),
  });
  const { serverUrl, accessToken } = (await response.json()) as Record<string, string>;
  return SimulatedCaller.join({ url: serverUrl!, token: accessToken! });
}

const says = (caller: SimulatedCaller, wanted: string) =>
  caller.until(
    () => [...caller.transcripts.values()].some(({ text, final }) => final && text === wanted),
    20_000,
    wanted,
  );

describe("a call, measured", () => {
  test("its turn, its failure, its end: at the worker and at the server", async () => {
    const caller = await dial();
    await says(caller, "Hello there.");
    await caller.quiet();
    await caller.speak(await speechClip(QUESTION, { sampleRateHz: 16_000 }), 16_000);
    await says(caller, "We open at nine.");
    await vi.waitFor(
      async () => {
        const { value } = await scrape(ofWorker());
        expect(value("turn_latency_count", { part: "total" })).toBe(1);
      },
      { timeout: 10_000, interval: 100 },
    );
    const during = await scrape(ofWorker());
    expect([during.value("calls_running"), during.value("slots_taken"), during.value("slots_cap")]).toEqual([1, 1, 3]);
    expect(during.value("session_duration", { of: "longest" })).toBeGreaterThan(0);
    expect((await scrape(server.url)).value("leases")).toBe(1);

    // The agent's model fails when it is told to.
    await caller.sendChat("Please break.");
    await vi.waitFor(
      async () => expect((await scrape(ofWorker())).value("errors", { source: "llm" })).toBeGreaterThan(0),
      {
        timeout: 20_000,
        interval: 100,
      },
    );
    await caller.leave();
    await vi.waitFor(async () => expect((await scrape(server.url)).value("call_success_rate")).toBe(1), {
      timeout: 20_000,
      interval: 100,
    });
    await vi.waitFor(async () => expect((await scrape(ofWorker())).value("calls_ended")).toBe(1), { timeout: 5_000 });

    const after = await scrape(ofWorker());
    expect(after.value("calls_started", { agent: "measured" })).toBe(1);
    expect(after.value("calls_ended", { agent: "measured", outcome: "success" })).toBe(1);
    expect(after.value("call_duration_count")).toBe(1);
    expect(after.value("tts_latency_count")).toBeGreaterThanOrEqual(2);
    expect(await text(ofWorker())).toMatch(/tts_latency_count\{model="local\/flite[^"]*"\}/);
    expect(after.value("tts_audio_heard")).toBeGreaterThan(200);
    expect(after.value("stt_latency_count", { model: "local/pocketsphinx" })).toBeGreaterThanOrEqual(1);
    expect(after.value("stt_sessions")).toBeGreaterThanOrEqual(after.value("stt_latency_count")!);
    expect(after.value("audio_tracks")).toBe(1);
    expect(after.value("llm_latency_count")).toBeGreaterThanOrEqual(1);
    expect(after.value("llm_tokens", { direction: "output" })).toBeGreaterThanOrEqual(5);
    expect(after.value("turns", { outcome: "replied" })).toBeGreaterThanOrEqual(1);
    expect(after.value("errors", { source: "llm", recoverable: "false" })).toBeGreaterThan(0);
    expect(after.value("integration_errors", { integration: "llm" })).toBeGreaterThan(0);
    expect(after.value("event_loop_delay", { process: "shard-1", quantile: "0.99" })).toBeGreaterThanOrEqual(0);
    expect([after.value("calls_running"), after.value("worker_ready")]).toEqual([0, 1]);

    // The server shows what its workers have told it.
    await vi.waitFor(async () => expect((await scrape(server.url)).value("calls_ended")).toBe(1), { timeout: 15_000 });
    const { value } = await scrape(server.url);
    for (const sample of ["turn_latency_count", "stt_latency_count", "llm_tokens", "calls_started", "audio_tracks"])
      expect([sample, value(sample)]).toEqual([sample, after.value(sample)]);
    expect(value("errors", { source: "llm" })).toBe(after.value("errors", { source: "llm" }));
    expect(value("room_creations")).toBe(1);
    expect(value("uplink_lines")).toBe(1);
    expect(value("facts_ingested")).toBeGreaterThan(20);
    expect(value("store_write_latency_count", { outcome: "stored" })).toBe(value("fact_batch_size_count"));
    expect(value("http_request_duration_count", { route: "/livekit/create-room", status: "201" })).toBe(1);
    expect(value("http_routes")).toBeGreaterThan(20);
  });

  test("its trace: the call, in it its turns, and under them where their time went", async () => {
    await vi.waitFor(() => expect(collector.spans.some(({ name }) => name === "call")).toBe(true), { timeout: 15_000 });
    const { spans } = collector;
    const call = spans.find(({ name }) => name === "call")!;
    const callId = call.attributes.find(({ key }) => key === "call.id")?.value.stringValue;
    const stored = (await (await fetch(`${server.url}/api/calls`)).json()) as { calls: { callId: string }[] };
    expect(stored.calls.map((one) => one.callId)).toContain(callId);
    const turns = spans.filter(({ parentSpanId }) => parentSpanId === call.spanId);
    expect(turns.map(({ name }) => name)).toContain("turn");
    const parts = turns.map((turn) => spans.filter(({ parentSpanId }) => parentSpanId === turn.spanId));
    expect(parts.map((list) => list.map(({ name }) => name))).toContainEqual([
      "stt",
      "endpointing",
      "llm",
      "tts",
      "playback",
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([call.traceId]));
  });

  test("who has no key is told nothing, at the worker and at the server", async () => {
    for (const url of [ofWorker(), server.url]) {
      for (const headers of [{}, { authorization: `Bearer ${METRICS_KEY}x` }, { authorization: METRICS_KEY }]) {
        const response = await fetch(`${url}/metrics`, { headers });
        expect([response.status, await response.text()]).toEqual([401, expect.not.stringContaining("# TYPE")]);
      }
    }
  });

  test("being scraped a hundred times a second harms neither, nor a call that runs", async () => {
    const caller = await dial();
    await says(caller, "Hello there.");
    const answers: Promise<number>[] = [];
    const scraping = setInterval(() => {
      for (const url of [ofWorker(), server.url])
        answers.push(
          fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${METRICS_KEY}` } }).then(async (response) => {
            await response.text();
            return response.status;
          }),
        );
    }, 10);
    try {
      await caller.sendChat("What time do you open?");
      await says(caller, "We open at nine.");
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(400), { timeout: 20_000 });
    } finally {
      clearInterval(scraping);
    }
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    await caller.leave();
  });
});
