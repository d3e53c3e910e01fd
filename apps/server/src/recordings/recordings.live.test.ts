import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeRecording } from "@parley/recording";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import { callStarted } from "@parley/testkit/facts";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readServerConfig } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { pitchOf, toneSegment } from "./test/tones.ts";

const WORKER_KEY = "the-worker-key-of-this-test";
const ROOT_KEY = "the-root-key-of-this-test";
const SECRET_KEY = Buffer.alloc(32, 7).toString("base64");
const log = pino({ level: "silent" });

let folder: string;
let postgres: EmbeddedPostgres;
let store: Store;
/** Two replicas over one storage. */
let one: RunningServer;
let other: RunningServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-recordings-"));
  postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
  store = await openStore({ url: postgres.url });
  const replica = () =>
    startServer({
      config: readServerConfig({
        ...{ PARLEY_PORT: "0", PARLEY_WORKER_KEY: WORKER_KEY, PARLEY_API_KEY: ROOT_KEY, LIVEKIT_ENABLED: "false" },
        ...{
          PARLEY_RECORDINGS_URL: join(folder, "kept"),
          PARLEY_SECRET_KEY: SECRET_KEY,
          PARLEY_RECORDINGS_ENCRYPT: "true",
        },
      }),
      ...{ store, log, livekit: null },
      agents: [{ name: "front-desk", title: "Front desk", description: "", demo: true }],
    });
  one = await replica();
  other = await replica();
});
afterAll(async () => {
  try {
    await Promise.all([one?.close(), other?.close()]);
    await store?.close();
  } finally {
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

interface Sent {
  offset?: number;
  isFinal?: boolean;
  to?: RunningServer;
  epoch?: number;
  key?: string;
}

async function put(callId: string, bytes: Uint8Array, sent: Sent = {}) {
  const { offset = 0, isFinal = false, to = one, epoch = 1, key = WORKER_KEY } = sent;
  const response = await fetch(`${to.url}/uplink/recordings/${callId}/${epoch}?offset=${offset}`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/octet-stream",
      ...(isFinal ? { "parley-final": "1" } : {}),
    },
    body: new Uint8Array(bytes),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

async function api(method: string, path: string, { body, key = ROOT_KEY }: { body?: object; key?: string } = {}) {
  const response = await fetch(`${one.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  return { status: response.status, json: (text === "" ? null : JSON.parse(text)) as any };
}

async function tenant(): Promise<{ tenantId: string; key: string }> {
  const tenantId = `t-${randomUUID()}`;
  await api("POST", "/api/tenants", { body: { tenantId, name: "A tenant" } });
  const body = { name: "k", tenantId, scopes: ["recordings:write", "calls:read", "erasures:write"] };
  return { tenantId, key: (await api("POST", "/api/keys", { body })).json.key };
}

/** A call whose log has come; `said`: a turn of the caller's. */
async function call({ tenantId = null as string | null, from = null as string | null } = {}): Promise<string> {
  const callId = randomUUID();
  const envelope = (seq: number, at: number) => ({ callId, epoch: 1, seq, at, version: 1 });
  const turn = { turnId: "t1", participantId: "ann" };
  const facts = [
    { ...envelope(1, 0), ...callStarted({ agent: "front-desk", tenantId, from, wallMs: Date.now() }) },
    { ...envelope(2, 2_100), type: "turn-opened", ...turn, via: "speech", startMs: 2_000, overReplyId: null },
    { ...envelope(3, 2_900), type: "turn-committed", ...turn, text: "Hello.", understood: true, endMs: 2_600 },
  ];
  await store.facts.appendBatch({ callId, epoch: 1, facts: facts as never });
  return callId;
}

async function hangUp(callId: string): Promise<void> {
  const closed = { callId, epoch: 1, seq: 4, at: 5_000, version: 1, type: "call-closed", reason: "hung-up" };
  await store.facts.appendBatch({ callId, epoch: 1, facts: [closed as never] });
}

const ofCall = async (callId: string, key = ROOT_KEY) =>
  (await api("GET", `/api/recordings?callId=${callId}`, { key })).json.recordings;
const made = (callId: string, status = "ready") =>
  vi.waitFor(
    async () => {
      const [recording] = await ofCall(callId);
      expect(recording).toMatchObject({ status });
      return recording;
    },
    { timeout: 15_000, interval: 100 },
  );
const pieces = async (callId: string) => (await store.recordingSegments.read(callId)).flatMap((one) => one.pieces);
const files = async () => (await readdir(join(folder, "kept"), { recursive: true })).filter((name) => /ogg/.test(name));
const play = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(`${one.url}${path}`, { method, headers: { authorization: `Bearer ${ROOT_KEY}`, ...headers } });
const tone = (callId: string, more: Partial<Parameters<typeof toneSegment>[0]> = {}) =>
  toneSegment({ callId, epoch: 1, startMs: 1_000, endMs: 3_000, hz: 400, ...more });

/** A finished recording of an ended call. */
async function recorded(more: { tenantId?: string; from?: string; to?: RunningServer } = {}) {
  const callId = await call(more);
  const sound = tone(callId);
  await put(callId, sound, { isFinal: true, ...(more.to && { to: more.to }) });
  await hangUp(callId);
  return { callId, sound, recording: await made(callId) };
}

describe("a recording", () => {
  test("comes in pieces by any replica, broken off and sent again, and is heard as it was recorded, by range", async () => {
    const { tenantId, key } = await tenant();
    const hook = { url: "http://127.0.0.1:9/hook", events: ["recording.ready"], tenantId };
    const { webhookId } = (await api("POST", "/api/webhooks", { body: hook })).json;
    const callId = await call({ tenantId });
    const [first, second] = [tone(callId), tone(callId, { epoch: 2, startMs: 4_000, endMs: 5_000, hz: 800 })];
    const half = Math.floor(first.length / 2);

    expect(await put(callId, first.subarray(0, half))).toEqual({ status: 200, json: { receivedBytes: half } });
    expect((await made(callId, "receiving")).tenantId).toBe(tenantId);
    // The line breaks in the middle of a piece: nothing of it counts.
    await brokenOff(callId, first.subarray(half), half);
    expect(await put(callId, first.subarray(half + 10), { offset: half + 10, to: other })).toMatchObject({
      status: 409,
      json: { code: "offset-mismatch", receivedBytes: half },
    });
    const whole = { status: 200, json: { receivedBytes: first.length } };
    // A piece that reaches into what is here already, and the last one twice.
    expect(await put(callId, first.subarray(half - 100), { offset: half - 100, to: other })).toEqual(whole);
    for (const to of [one, other])
      expect(await put(callId, Buffer.alloc(0), { offset: first.length, isFinal: true, to })).toEqual(whole);
    await put(callId, second, { epoch: 2, isFinal: true, to: other });
    expect(
      (await api("GET", `/api/recordings/${(await made(callId, "receiving")).recordingId}/audio`)).json,
    ).toMatchObject({
      status: 409,
      code: "recording-not-ready",
    });
    await hangUp(callId);

    const recording = await made(callId);
    expect(recording).toMatchObject({ madeBy: "agent", startMs: 1_000, tenantId, contentType: "audio/ogg" });
    expect(Math.abs(recording.durationMs - 4_000)).toBeLessThan(20);
    const { url } = (await api("POST", `/api/recordings/${recording.recordingId}/url`, { key, body: {} })).json;
    const file = Buffer.from(await (await fetch(`${one.url}${url}`)).arrayBuffer());
    expect(file.length).toBe(recording.bytes);
    const { callers } = decodeRecording(file);
    const pitches = [100, 2_100, 3_100].map((fromMs) => Math.round(pitchOf(callers, fromMs, fromMs + 800) / 20) * 20);
    expect(pitches).toEqual([400, 0, 800]);

    const parts = [
      ["bytes=0-99", 0, 100],
      [`bytes=${file.length - 7}-`, file.length - 7, file.length],
      ["bytes=-50", file.length - 50, file.length],
    ] as const;
    for (const [range, start, end] of parts) {
      const part = await play(url, { range });
      expect([part.status, part.headers.get("content-range")]).toEqual([
        206,
        `bytes ${start}-${end - 1}/${file.length}`,
      ]);
      expect(Buffer.from(await part.arrayBuffer()).equals(file.subarray(start, end)), range).toBe(true);
    }
    expect((await play(url, { range: `bytes=${file.length}-` })).status).toBe(416);
    const head = await play(`/api/recordings/${recording.recordingId}/audio`, {}, "HEAD");
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(file.length)]);
    const etag = head.headers.get("etag") ?? "";
    expect((await play(url, { "if-none-match": etag })).status).toBe(304);
    expect((await play(url, { range: "bytes=0-1", "if-range": '"another"' })).status).toBe(200);
    expect((await fetch(`${one.url}${url}x`)).status).toBe(401);

    const { turns } = (await api("GET", `/api/calls/${callId}/recording`, { key })).json;
    expect(turns).toMatchObject([{ text: "Hello.", startMs: 2_000, positionMs: 1_000 }]);
    const { deliveries } = (await api("GET", `/api/webhooks/${webhookId}/deliveries`)).json;
    expect(deliveries).toMatchObject([{ type: "recording.ready", callId }]);
    expect(await pieces(callId)).toEqual([]);
  });

  test("is another tenant's to nobody else", async () => {
    const [mine, theirs] = [await tenant(), await tenant()];
    const { recording } = await recorded({ tenantId: theirs.tenantId });
    const path = `/api/recordings/${recording.recordingId}`;
    for (const [method, at] of [
      ["GET", path],
      ["GET", `${path}/audio`],
      ["POST", `${path}/url`],
      ["DELETE", path],
    ] as const)
      expect((await api(method, at, { key: mine.key, ...(method === "POST" && { body: {} }) })).status, at).toBe(404);
    expect(await ofCall(recording.callId, mine.key)).toEqual([]);
    const { url } = (await api("POST", `${path}/url`, { key: theirs.key, body: {} })).json;
    const other = await recorded();
    const elsewhere = url.replace(recording.recordingId, other.recording.recordingId);
    expect((await fetch(`${one.url}${elsewhere}`)).status).toBe(401);
  });

  test("is not taken from strangers, nor in pieces without end", async () => {
    const callId = await call();
    expect(await put(callId, tone(callId), { key: "another-key-than-that-one" })).toMatchObject({
      status: 401,
      json: { code: "worker-key" },
    });
    expect((await put(callId, Buffer.alloc(1024 * 1024 + 1))).status).toBe(413);
    expect((await put(callId, tone(callId), { epoch: 0 })).status).toBe(400);
    expect((await put("..%2f..", tone(callId))).status).toBe(400);
    expect(await pieces(callId)).toEqual([]);
  });

  test("of garbage fails, and says so; beside good segments it is left out", async () => {
    const [bad, good] = [await call(), await call()];
    await put(bad, Buffer.alloc(5_000, "garbage"), { isFinal: true });
    await put(good, Buffer.alloc(5_000, "garbage"), { isFinal: true });
    await put(good, tone(good, { epoch: 2 }), { isFinal: true, epoch: 2 });
    await Promise.all([hangUp(bad), hangUp(good)]);
    expect((await made(bad, "failed")).error).toMatch(/no sound/);
    expect((await made(good)).startMs).toBe(1_000);
  });
});

describe("an encrypted recording", () => {
  test("does not lie in plain, and is heard all the same", async () => {
    const callId = await call();
    const sound = tone(callId, { endMs: 31_000 });
    await put(callId, sound, { isFinal: true });

    const before = await files();
    await hangUp(callId);
    const recording = await made(callId);
    const [name = ""] = (await files()).filter((file) => !before.includes(file));
    const file = await readFile(join(folder, "kept", name));
    const played = Buffer.from(await (await play(`/api/recordings/${recording.recordingId}/audio`)).arrayBuffer());
    const { callers } = decodeRecording(played);
    expect(Math.round(pitchOf(callers, 20_000, 21_000) / 20) * 20).toBe(400);
    expect([recording.encrypted, file.includes(played.subarray(5_000, 5_100))]).toEqual([true, false]);
    const part = await play(`/api/recordings/${recording.recordingId}/audio`, { range: "bytes=70000-70999" });
    expect(Buffer.from(await part.arrayBuffer()).equals(played.subarray(70_000, 71_000))).toBe(true);
  });
});

describe("a recording that is to go", () => {
  test("goes with its file, and what still comes of it is refused", async () => {
    const { callId, sound, recording } = await recorded();
    const before = await files();
    expect((await api("DELETE", `/api/recordings/${recording.recordingId}`)).status).toBe(204);
    await vi.waitFor(async () => expect(await files()).toHaveLength(before.length - 1), { timeout: 10_000 });
    expect((await api("GET", `/api/recordings/${recording.recordingId}/audio`)).json.code).toBe("recording-deleted");
    expect(await put(callId, sound, { isFinal: true })).toMatchObject({ status: 410, json: { code: "erased" } });
    expect(await ofCall(callId)).toMatchObject([{ status: "deleted", encrypted: false }]);
  });

  test("goes with its erased call: row, pieces and file, also while pieces come", async () => {
    const caller = `+49${Date.now()}`;
    const { callId, recording, sound } = await recorded({ from: caller });
    const half = await call({ from: caller });
    await put(half, tone(half).subarray(0, 4_000));
    await hangUp(half);
    const before = await files();
    const more = put(half, tone(half).subarray(4_000, 6_000), { offset: 4_000 });
    const { json } = await api("POST", "/api/erasures", { body: { caller } });
    expect(json).toMatchObject({ calls: 2, remaining: 0, finishedAt: expect.any(String) });
    expect(await files()).toHaveLength(before.length - 1);
    await more;
    expect(await pieces(half)).toEqual([]);
    expect((await api("GET", `/api/recordings/${recording.recordingId}`)).status).toBe(404);
    for (const id of [callId, half])
      expect(await put(id, sound, { isFinal: true })).toMatchObject({ status: 410, json: { code: "erased" } });
  });
});

/** Sends half a piece, and is gone. */
function brokenOff(callId: string, bytes: Buffer, offset: number): Promise<void> {
  const socket = connect(one.port, "127.0.0.1");
  const head = [
    `PUT /uplink/recordings/${callId}/1?offset=${offset} HTTP/1.1`,
    ...["host: 127.0.0.1", `authorization: Bearer ${WORKER_KEY}`, "content-type: application/octet-stream"],
    ...[`content-length: ${bytes.length}`, "", ""],
  ];
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => resolve());
    socket.write(head.join("\r\n"));
    socket.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => setImmediate(() => socket.destroy()));
  });
}
