import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { RunningServer } from "../server.ts";
import { testRedis } from "../test/redis.ts";
import { API_KEY, testReplicas } from "../test/replicas.ts";

/** Two replicas behind one address: what is begun at one goes on at the other, with Redis and without. */
const PER_MINUTE = 60;
const redis = testRedis();
let withRedis = false;
const { replica, newCall, worker, store } = lazily();

function lazily() {
  const replicas = testReplicas(() => ({
    PARLEY_RATE_LIMIT: String(PER_MINUTE),
    ...(withRedis ? { REDIS_URL: redis.url } : {}),
  }));
  return { ...replicas, store: () => replicas.store };
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  json: any;
  headers: Headers;
}

async function send(at: RunningServer, path: string, body?: object, headers: object = {}): Promise<Answer> {
  const response = await fetch(`${at.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Bearer ${API_KEY}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: await response.json(), headers: response.headers };
}

interface Viewer {
  socket: WebSocket;
  seqs: number[];
  answers: object[];
}

function watch(at: RunningServer, callId: string, ticket: string): Viewer {
  const socket = new WebSocket(`${at.url.replace("http", "ws")}/api/calls/${callId}/live?ticket=${ticket}`);
  const viewer: Viewer = { socket, seqs: [], answers: [] };
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type === "answer") viewer.answers.push(message);
    for (const { seq } of message.facts ?? []) viewer.seqs.push(seq);
  });
  onTestFinished(() => socket.terminate());
  return viewer;
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const patience = { timeout: 10_000, interval: 20 };

test.for([true, false])(
  "a ticket of one opens the feed at the other; what the worker of one writes is seen there, and it can be told from there (Redis: %s)",
  async (isThere) => {
    withRedis = isThere;
    const [one, other] = [await replica(), await replica()];
    const call = newCall();
    const a = await worker("a", one.port, [call]);
    const { ticket } = (await send(one, `/api/calls/${call.callId}/ticket`, { control: true })).json;
    const viewer = watch(other, call.callId, ticket);
    await expect.poll(() => viewer.seqs, patience).toEqual(upTo(5));
    for (let last = 6; last <= 60; last += 1) a.write(call, last, last);
    await expect.poll(() => viewer.seqs, patience).toEqual(upTo(60));
    viewer.socket.send(JSON.stringify({ type: "say", id: 1, text: "From the other side." }));
    await expect.poll(() => viewer.answers, patience).toEqual([{ type: "answer", id: 1, ok: true, accepted: true }]);
    expect(a.told.at(-1)).toMatchObject({ callId: call.callId, name: "say", args: { text: "From the other side." } });
    // Used at one, it is used at both.
    const again = watch(one, call.callId, ticket);
    const refused = new Promise((resolve) =>
      again.socket.once("unexpected-response", (_, { statusCode }) => resolve(statusCode)),
    );
    again.socket.on("error", () => undefined);
    expect(await refused).toBe(401);

    if (!isThere) return;
    redis.kill();
    for (let last = 61; last <= 80; last += 1) a.write(call, last, last);
    await expect.poll(() => viewer.seqs, patience).toEqual(upTo(80));
    redis.start();
  },
);

test("a write that is sent again, to the other replica or to both at once, is done once", async () => {
  withRedis = false;
  const [one, other] = [await replica(), await replica()];
  const sameAt = (at: RunningServer) => send(at, "/api/agents", { name: "once" }, { "idempotency-key": "the-same-1" });
  const first = await sameAt(one);
  const again = await sameAt(other);
  expect([first.status, again.status, again.headers.get("idempotent-replayed")]).toEqual([201, 201, "true"]);
  expect(again.json).toEqual(first.json);

  const both = await Promise.all(
    [one, other, one, other].map((at) => send(at, "/api/apps", { name: "once" }, { "idempotency-key": "the-same-2" })),
  );
  for (const { status } of both) expect([201, 409]).toContain(status);
  const made = new Set(both.filter(({ status }) => status === 201).map(({ json }) => json.appId));
  expect(made.size).toBe(1);
  expect((await store().apps.list({ limit: 50 })).items.filter(({ name }) => name === "once")).toHaveLength(1);
});

test("with Redis a key has one count for both; without it each counts by itself, and nobody is refused for it", async () => {
  withRedis = true;
  const [one, other] = [await replica(), await replica()];
  const { key } = (await send(one, "/api/keys", { name: "busy", scopes: ["calls:read"] })).json;
  const ask = (at: RunningServer) => send(at, "/api/calls", undefined, { authorization: `Bearer ${key}` });
  const left = async (at: RunningServer) => Number((await ask(at)).headers.get("ratelimit-remaining"));
  await vi.waitFor(async () => expect((await left(one)) - (await left(other))).toBe(1), patience);
  const statuses: number[] = [];
  for (let i = 0; i < PER_MINUTE; i += 1) statuses.push((await ask(i % 2 ? one : other)).status);
  expect(statuses[0]).toBe(200);
  expect(statuses.at(-1)).toBe(429);

  redis.kill();
  await vi.waitFor(async () => expect((await ask(one)).status).toBe(200), patience);
  redis.start();
});
