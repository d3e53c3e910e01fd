import { createHash, createHmac, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import { callStarted } from "@parley/testkit/facts";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { readServerConfig } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { KEY, SECRET } from "../test/app.ts";
import { keepConnections } from "./keep.ts";

const ROOT = "the-root-key-of-this-test";
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const log = pino({ level: "silent" });

let folder: string;
let postgres: EmbeddedPostgres;
let livekit: Awaited<ReturnType<typeof startLiveKitServer>>;
let store: Store;
let server: RunningServer;
let port: number;

const start = () =>
  startServer({
    config: readServerConfig({ PARLEY_PORT: String(port), PARLEY_API_KEY: ROOT }),
    store,
    agents: [{ name: "front-desk", title: "Front desk", description: "", demo: true }],
    log,
    livekit: { url: livekit.url, apiKey: KEY, apiSecret: SECRET },
    connectionGraceMs: 500,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-connections-"));
  port = await freePort();
  postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
  livekit = await startLiveKitServer({
    dataDir: join(folder, "livekit"),
    apiKey: KEY,
    apiSecret: SECRET,
    port: 0,
    log: silent,
    webhookUrls: [`http://127.0.0.1:${port}/webhooks/livekit`],
  });
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

// biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
async function ask(method: string, path: string, body?: object, key = ROOT): Promise<{ status: number; json: any }> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, json: await response.json() };
}
const create = (more: object = {}) =>
  ask("POST", "/livekit/create-room", { participantName: "Ann", agentId: "front-desk", ...more });
const statusOf = async (connectionId: string) => (await ask("GET", `/livekit/connection-status/${connectionId}`)).json;
const becomes = (connectionId: string, status: string) =>
  vi.waitFor(async () => expect(await statusOf(connectionId)).toMatchObject({ status }), {
    timeout: 10_000,
    interval: 100,
  });

async function enter({ serverUrl, accessToken }: { serverUrl: string; accessToken: string }): Promise<SimulatedCaller> {
  const caller = await SimulatedCaller.join({ url: serverUrl, token: accessToken });
  onTestFinished(() => caller.leave());
  return caller;
}

describe("a connection", () => {
  test("is created, becomes active when a person comes, and ends after the last has left", async () => {
    const { status, json } = await create({ voiceLanguage: "de", metadata: { order: 7 } });
    expect(status).toBe(201);
    expect(json).toMatchObject({
      connectionId: expect.stringMatching(/^livekit-[\w-]{24}$/),
      status: "created",
      serverUrl: livekit.url,
    });
    expect(await statusOf(json.connectionId)).toMatchObject({
      agentId: "front-desk",
      tenantId: null,
      status: "created",
      startedAt: null,
      endedAt: null,
    });
    // Nothing of its log is there; whoever is quick is told to wait a little, and others that there is no such call.
    const { callId } = await statusOf(json.connectionId);
    const early = await ask("POST", `/api/calls/${callId}/interrupt`, {});
    expect(early).toMatchObject({ status: 409, json: { code: "call-starting" } });
    const ann = await enter(json);
    await becomes(json.connectionId, "active");
    const rooms = (await ask("GET", `/livekit/status?room_name=${json.roomName}`)).json.rooms;
    expect(rooms).toMatchObject([
      { room_name: json.roomName, agent: null, participants: [{ name: "Ann", kind: "standard" }] },
    ]);
    const second = await ask("POST", "/livekit/join-room", { roomName: json.roomName, participantName: "Bob" });
    expect(second.json).toMatchObject({ connectionId: json.connectionId, roomName: json.roomName, status: "active" });
    const bob = await enter(second.json);
    await ann.leave();
    await bob.leave();
    await becomes(json.connectionId, "ended");
    const ended = await statusOf(json.connectionId);
    expect(ended.endReason).toBe("caller-left");
    expect(Date.parse(ended.endedAt)).toBeGreaterThan(Date.parse(ended.startedAt));
    const late = await ask("POST", "/livekit/join-room", { connectionId: json.connectionId, participantName: "Eve" });
    expect(late.json).toMatchObject({ status: 409, code: "connection-over" });
  });

  test("is ended once, however often that is asked, and its room with it", async () => {
    const { json } = await create();
    const ann = await enter(json);
    await becomes(json.connectionId, "active");
    for (let times = 0; times < 2; times++) {
      const { connectionId } = json;
      expect((await ask("POST", "/livekit/end-call", { connectionId })).json).toMatchObject({
        connectionId,
        status: "ended",
        endReason: "ended-by-api",
      });
    }
    await vi.waitFor(() => expect(ann.room.isConnected).toBe(false), { timeout: 5_000 });
  });

  test("for an agent that nobody knows is refused, with those that there are", async () => {
    const { status, json } = await create({ agentId: "nobody" });
    expect([status, json.code]).toEqual([404, "agent-not-found"]);
    expect(json.detail).toContain("front-desk");
  });

  test("of a tenant is not another's", async () => {
    const tenants = [];
    for (const name of ["a", "b"]) {
      const tenantId = `${name}-${randomUUID()}`;
      await ask("POST", "/api/tenants", { tenantId, name });
      tenants.push({
        tenantId,
        key: (await ask("POST", "/api/keys", { name, scopes: ["calls:write"], tenantId })).json.key,
      });
    }
    const [a, b] = tenants as [(typeof tenants)[0], (typeof tenants)[0]];
    const made = (await ask("POST", "/livekit/create-room", { participantName: "Ann", agentId: "front-desk" }, a.key))
      .json;
    const { callId } = await statusOf(made.connectionId);
    const early = (key: string) => ask("POST", `/api/calls/${callId}/interrupt`, {}, key);
    expect((await early(a.key)).json).toMatchObject({ status: 409, code: "call-starting" });
    expect((await early(b.key)).json).toMatchObject({ status: 404, code: "call-not-found" });
    expect(made.roomName).toMatch(new RegExp(`^${a.tenantId}~`));
    await enter(made);
    await becomes(made.connectionId, "active");
    const { connectionId, roomName } = made;
    for (const [method, path, body] of [
      ["GET", `/livekit/connection-status/${connectionId}`],
      ["POST", "/livekit/join-room", { connectionId, participantName: "Eve" }],
      ["POST", "/livekit/join-room", { roomName, participantName: "Eve" }],
      ["POST", "/livekit/end-call", { connectionId }],
      ["POST", "/livekit/disconnect", { room_name: roomName }],
      ["GET", `/livekit/status?room_name=${encodeURIComponent(roomName)}`],
    ] as const) {
      expect([path, (await ask(method, path, body, b.key)).status]).toEqual([path, 404]);
    }
    expect((await ask("GET", "/livekit/status", undefined, b.key)).json.rooms).toEqual([]);
    expect((await ask("GET", "/livekit/stats", undefined, b.key)).json).toMatchObject({ total: 0, active: 0 });
    expect((await ask("GET", "/livekit/stats", undefined, a.key)).json).toMatchObject({
      total: 1,
      active: 1,
      errors: 0,
    });
    expect((await ask("GET", "/livekit/status", undefined, a.key)).json.rooms).toMatchObject([{ room_name: roomName }]);
  });

  test("is what LiveKit says when the server comes back, though no webhook came meanwhile", async () => {
    const [here, gone] = [(await create()).json, (await create()).json];
    const bob = await enter(gone);
    await becomes(gone.connectionId, "active");
    await server.close();
    await enter(here);
    await bob.leave();
    server = await start();
    await becomes(here.connectionId, "active");
    await becomes(gone.connectionId, "ended");
  });

  test("whose call has ended has its end and its reason", async () => {
    const { json } = await create();
    const { callId } = await statusOf(json.connectionId);
    const fact = (seq: number, at: number, more: object) =>
      ({ callId, epoch: 1, seq, at, version: 1, ...more }) as never;
    const facts = [
      fact(1, 0, callStarted({ agent: "front-desk", room: json.roomName, wallMs: Date.now() - 5_000 })),
      fact(2, 5_000, { type: "call-closed", reason: "unserved" }),
    ];
    await store.facts.appendBatch({ callId, epoch: 1, facts });
    await hook({ id: randomUUID(), event: "room_finished", room: { name: json.roomName, sid: "RM_1" } });
    await becomes(json.connectionId, "failed");
    expect(await statusOf(json.connectionId)).toMatchObject({ endReason: "unserved" });
  });

  test("that nobody enters expires, on several replicas at once too", async () => {
    const { json } = await create();
    const clock = { now: () => 0, wall: () => Date.now() + 31 * 60_000, after: () => () => undefined };
    const rooms = {
      listParticipants: async () => [],
      listRooms: async () => [],
      deleteRoom: async () => undefined,
    } as never;
    const replicas = [1, 2, 3].map(() =>
      keepConnections({ store, livekit: { rooms }, clock, log, expiryMs: 30 * 60_000 }),
    );
    await Promise.all(replicas.map((replica) => replica.lookAtAll()));
    expect(await statusOf(json.connectionId)).toMatchObject({ status: "expired", endReason: "nobody-came" });
  });

  test("sends an agent into somebody's room, and takes it out again", async () => {
    const room = `theirs-${randomUUID()}`;
    const sent = await ask("POST", "/livekit/connect", { room_name: room, participant_name: "Helper" });
    expect(sent).toMatchObject({ status: 201, json: { room_name: room, status: "created" } });
    const out = await ask("POST", "/livekit/disconnect", { room_name: room });
    expect(out.json).toMatchObject({ connectionId: sent.json.connectionId, status: "ended" });
    expect((await ask("POST", "/livekit/disconnect", { connectionId: sent.json.connectionId })).json.status).toBe(
      "ended",
    );
    const both = await ask("POST", "/livekit/disconnect", { room_name: room, connectionId: "x" });
    expect(both.json).toMatchObject({ status: 400, code: "request-invalid" });
  });
});

interface Hook {
  id: string;
  event: string;
  createdAt?: number;
  room?: { name: string; sid: string };
}

/** As LiveKit sends it: the body's hash in a JWT. */
async function hook(event: Hook, change: { secret?: string; body?: string; authorization?: string | null } = {}) {
  const body = JSON.stringify({ createdAt: String(Math.floor(Date.now() / 1000)), ...event });
  const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const seconds = Math.floor(Date.now() / 1000);
  const sha256 = createHash("sha256").update(body).digest("base64");
  const unsigned = `${base64url({ alg: "HS256" })}.${base64url({ iss: KEY, nbf: seconds - 5, exp: seconds + 60, sha256 })}`;
  const signature = createHmac("sha256", change.secret ?? SECRET)
    .update(unsigned)
    .digest("base64url");
  const authorization = change.authorization === undefined ? `${unsigned}.${signature}` : change.authorization;
  const response = await fetch(`${server.url}/webhooks/livekit`, {
    method: "POST",
    headers: { "content-type": "application/webhook+json", ...(authorization === null ? {} : { authorization }) },
    body: change.body ?? body,
  });
  return { status: response.status, json: (await response.json()) as { stored?: boolean; code?: string } };
}

describe("LiveKit's webhooks", () => {
  const event = () => ({ id: `EV_${randomUUID()}`, event: "room_started", room: { name: "r", sid: "RM_1" } });

  test("are stored once, however often they come", async () => {
    const one = event();
    expect(await hook(one)).toMatchObject({ status: 200, json: { stored: true } });
    const repeats = await Promise.all([hook(one), hook(one), hook(one)]);
    for (const repeat of repeats) expect(repeat).toMatchObject({ status: 200, json: { stored: false } });
  });

  test("that are unsigned, forged, altered, from another time or no events are refused", async () => {
    expect(await hook(event(), { authorization: null })).toMatchObject({
      status: 401,
      json: { code: "webhook-unsigned" },
    });
    const refused = [
      await hook(event(), { secret: "another-secret-of-32-characters-or-more" }),
      await hook(event(), { body: JSON.stringify({ ...event(), event: "room_finished" }) }),
      await hook(event(), { authorization: `Bearer ${ROOT}` }),
      await hook({ ...event(), createdAt: Math.floor(Date.now() / 1000) - 3_600 }),
      await hook({ id: "", event: "" }),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 401, json: { code: "webhook-invalid" } });
    const { parts } = (await ask("GET", "/api/status")).json;
    expect(parts.webhooks).toMatchObject({ lastError: expect.stringContaining("refused") });
    expect(parts).toMatchObject({
      livekit: { status: "healthy" },
      store: { status: "healthy" },
      workers: { lastError: "no worker is connected" },
    });
  });

  test("in the wrong order leave what is the case", async () => {
    const { json } = await create();
    const room = { name: json.roomName as string, sid: "RM_2" };
    for (const name of ["room_finished", "participant_left", "room_started"])
      await hook({ id: `EV_${randomUUID()}`, event: name, room });
    await enter(json);
    await becomes(json.connectionId, "active");
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
