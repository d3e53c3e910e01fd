import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomIdentity, SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import { callStarted } from "@parley/testkit/facts";
import { callFileName, openUplink, type Uplink, type UplinkOptions } from "@parley/uplink";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { readServerConfig } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";
import { claims, KEY, SECRET } from "./test/app.ts";

const WORKER_KEY = "the-worker-key-of-this-test";
const agents = [{ name: "front-desk", title: "Front desk", description: "", demo: true }] as const;
const log = pino({ level: "silent" });
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let postgres: EmbeddedPostgres;
let livekit: Awaited<ReturnType<typeof startLiveKitServer>>;
let store: Store;
let server: RunningServer;

function start(port = 0): Promise<RunningServer> {
  const config = readServerConfig({ PARLEY_PORT: String(port), PARLEY_WORKER_KEY: WORKER_KEY });
  return startServer({
    config,
    store,
    agents: [...agents],
    log,
    livekit: { url: livekit.url, apiKey: KEY, apiSecret: SECRET },
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-server-live-"));
  postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
  const dataDir = join(folder, "livekit");
  livekit = await startLiveKitServer({ dataDir, apiKey: KEY, apiSecret: SECRET, port: 0, log: silent });
  store = await openStore({ url: postgres.url });
  server = await start();
});
afterAll(async () => {
  try {
    await server?.close();
    await store?.close();
  } finally {
    await Promise.allSettled([livekit?.stop(), postgres?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
});

async function enter({ json }: { json: Record<string, string> }): Promise<SimulatedCaller> {
  const { server_url: url = "", participant_token = "" } = json;
  const caller = await SimulatedCaller.join({ url, token: participant_token });
  onTestFinished(() => caller.leave());
  return caller;
}

async function uplinkOf(options: Omit<UplinkOptions, "url">): Promise<Uplink> {
  const uplink = await openUplink({ url: server.url, ...options });
  onTestFinished(() => uplink.close());
  return uplink;
}

async function token(body: object): Promise<{ status: number; json: Record<string, string> }> {
  const response = await fetch(`${server.url}/api/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Record<string, string> };
}

describe("with a real LiveKit server", () => {
  test("is ready, and says which part is not", async () => {
    const response = await fetch(`${server.url}/readyz`);
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ status: "ready", missing: [] }),
    ]);
  });

  test("a token lets its holder into its room, and nobody else under that identity until it has left", async () => {
    const identity = randomIdentity();
    const seat = { room_name: `room-${identity}`, participant_identity: identity };
    const first = await token(seat);
    expect(first.status).toBe(201);
    // Somebody stays, so that the room does.
    await enter(await token({ room_name: seat.room_name }));
    const caller = await enter(first);
    const second = await token(seat);
    expect([second.status, second.json.code]).toEqual([409, "identity-in-room"]);
    await caller.leave();
    await vi.waitFor(async () => expect((await token(seat)).status).toBe(201), { timeout: 10_000, interval: 200 });
  });
});

describe("with a real Postgres and a worker's line", () => {
  test("facts that a worker writes into its files are read back through the API, exactly once", async () => {
    const dir = join(folder, "calls");
    const callId = "11111111-2222-3333-4444-555555555555";
    const uplink = await uplinkOf({ key: WORKER_KEY, dir, batchMs: 5 });
    const line = (seq: number, more: object) =>
      `${JSON.stringify({ callId, epoch: 1, seq, at: seq * 10, version: 1, ...more })}\n`;
    const file = join(dir, callFileName(callId, 1));
    await appendFile(file, line(1, callStarted({ agent: "front-desk", room: "r", wallMs: Date.now() })));
    for (let seq = 2; seq < 200; seq += 1)
      await appendFile(file, line(seq, { type: "speech-started", participantId: "p\0" }));
    // The server goes away in the middle and comes back.
    const { port } = server;
    await server.close();
    await appendFile(file, line(200, { type: "call-closed", reason: "hung up" }));
    server = await start(port);
    expect(await uplink.drained(30_000)).toBe(true);

    const list = (await (await fetch(`${server.url}/api/calls`)).json()) as { calls: object[] };
    expect(list.calls).toEqual([
      expect.objectContaining({ callId, agent: "front-desk", status: "ended", endReason: "hung up", factCount: 200 }),
    ]);
    const one = (await (await fetch(`${server.url}/api/calls/${callId}?limit=1000`)).json()) as {
      facts: { seq: number }[];
    };
    expect(one.facts.map((fact) => fact.seq)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  });

  test("keys in the database are good too, until they are revoked", async () => {
    const key = "another-worker-key-of-this-test";
    await store.workerKeys.put("eu-1", key);
    const options = { key, dir: join(folder, "eu-1"), backoffMs: { first: 20, longest: 50 } };
    const uplink = await uplinkOf(options);
    await vi.waitFor(() => expect(uplink.status().connected).toBe(true), { timeout: 10_000 });
    await vi.waitFor(() =>
      expect(server.uplinks.peers().map((peer) => peer.worker)).toEqual([expect.stringMatching(/^eu-1\//)]),
    );
    await uplink.close();
    await store.workerKeys.revoke("eu-1");
    const again = await uplinkOf(options);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(again.status().connected).toBe(false);
  });
});

describe("the process", () => {
  test("a port that is in use is named, with the setting to change", async () => {
    await expect(start(server.port)).rejects.toMatchObject({
      code: "port-in-use",
      category: "configuration",
      message: expect.stringMatching(new RegExp(`${server.port}.*PARLEY_PORT`)),
    });
  });

  test("a request whose headers never end does not hold a connection for ever, nor the close", async () => {
    const config = { ...readServerConfig({ PARLEY_PORT: "0" }), connectionTimeoutMs: 1_000, requestTimeoutMs: 1_500 };
    const other = await startServer({
      config,
      store,
      agents: [...agents],
      log,
      livekit: { url: livekit.url, apiKey: KEY, apiSecret: SECRET },
    });
    onTestFinished(() => other.close());
    const ended = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(other.port, "127.0.0.1", () => socket.write(text));
        socket.on("error", () => undefined).on("close", () => resolve());
        socket.resume();
      });
    await Promise.all([
      ended("POST /api/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:"),
      ended(
        "POST /api/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
      ),
    ]);
    const half = ended("POST /api/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:");
    await other.close();
    await other.close();
    await half;
    await expect(fetch(`${other.url}/healthz`)).rejects.toThrow();
  });

  test("a token's claims name the agent that the worker registers as", async () => {
    const { json } = await token({});
    expect(claims(json.participant_token ?? "").roomConfig?.agents?.[0]?.agentName).toBe("front-desk");
  });
});
