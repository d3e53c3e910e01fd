import { randomUUID } from "node:crypto";
import { systemClock } from "@parley/engine";
import { callStarted } from "@parley/testkit/facts";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openReceiver, type Receiver } from "../../outgoing/test/receiver.ts";
import { followLog } from "../../projections/follow.ts";
import { sealedSecrets } from "../../secrets/secrets.ts";
import { testPlatform } from "../../test/platform.ts";
import { type DeliverOptions, deliverWebhooks } from "./deliver.ts";

const platform = testPlatform();
const { send, keyFor } = platform;
const log = pino({ level: "silent" });
let receiver: Receiver;
let tenantId: string;
let key: string;
beforeAll(async () => {
  receiver = await openReceiver();
});
afterAll(() => receiver.close());
beforeEach(async () => {
  ({ tenantId, key } = await tenant());
});

async function tenant() {
  const id = `t-${randomUUID()}`;
  await send("POST", "/api/tenants", { body: { tenantId: id, name: "A tenant" } });
  return { tenantId: id, key: await keyFor(["webhooks:write", "calls:write"], id) };
}

/** A server as far as webhooks are concerned. */
function replica(more: Partial<DeliverOptions> = {}): void {
  const { store } = platform;
  const secrets = sealedSecrets([Buffer.alloc(32, 7)]);
  const retryMs = (attempts: number) => (attempts < 3 ? 20 : null);
  const clock = systemClock;
  const follower = followLog({ store, clock, log });
  const outbox = deliverWebhooks({
    ...{ store, secrets, clock, log, retryMs, privateHooks: "loopback", timeoutMs: 1_000 },
    ...more,
  });
  onTestFinished(() => {
    follower.close();
    outbox.close();
  });
}

async function webhook(path: string, events = ["call.started", "call.ended"], more: object = {}) {
  const body = { url: `${receiver.url}${path}`, events, ...more };
  const made = await send("POST", "/api/webhooks", { key, body });
  expect(made.json).toMatchObject({ secret: expect.stringMatching(/^whsec_/), enabled: true, tenantId });
  return made.json as { webhookId: string; secret: string };
}

async function call(of = tenantId, reason: string | null = "hung-up"): Promise<string> {
  const callId = randomUUID();
  const envelope = (seq: number, at: number) => ({ callId, epoch: 1, seq, at, version: 1 });
  const facts = [
    { ...envelope(1, 0), ...callStarted({ agent: "front-desk", room: "r", tenantId: of, from: "+1555" }) },
    ...(reason === null ? [] : [{ ...envelope(2, 61_000), type: "call-closed", reason }]),
  ];
  await platform.store.facts.appendBatch({ callId, epoch: 1, facts });
  return callId;
}

const at = (path: string) => receiver.received.filter((one) => one.path === path);
const bodies = (path: string) => at(path).map(({ body }) => JSON.parse(body));
const deliveries = async (webhookId: string, status = "") =>
  (await send("GET", `/api/webhooks/${webhookId}/deliveries${status && `?status=${status}`}`, { key })).json.deliveries;
const soon = { timeout: 10_000 };

/** As https://www.standardwebhooks.com has it, by other means than the server's. */
async function isSignedWith(secret: string, { headers, body }: { headers: object; body: string }): Promise<boolean> {
  const given = headers as Record<string, string>;
  const raw = Uint8Array.from(atob(secret.replace("whsec_", "")), (char) => char.charCodeAt(0));
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", raw, hmac, false, ["verify"]);
  const signed = new TextEncoder().encode(`${given["webhook-id"]}.${given["webhook-timestamp"]}.${body}`);
  for (const signature of (given["webhook-signature"] ?? "").split(" ")) {
    const [version, text = ""] = signature.split(",");
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    if (version === "v1" && (await crypto.subtle.verify("HMAC", imported, bytes, signed))) return true;
  }
  return false;
}

test("tells what happened to a call, signed, with the call's id, and only what is wanted", async () => {
  const path = `/ok/${randomUUID()}`;
  const { secret, webhookId } = await webhook(path);
  replica();
  const callId = await call();
  await call((await tenant()).tenantId);
  await expect.poll(() => bodies(path).length, soon).toBe(2);
  const told = bodies(path).sort((a, b) => (a.type < b.type ? 1 : -1));
  expect(told).toMatchObject([
    { type: "call.started", data: { callId, tenantId, agent: "front-desk", from: "+1555" } },
    { type: "call.ended", data: { callId, endReason: "hung-up", durationMs: 61_000 } },
  ]);
  for (const one of at(path)) {
    expect(await isSignedWith(secret, one)).toBe(true);
    expect(await isSignedWith(secret, { ...one, body: `${one.body} ` })).toBe(false);
    const ageS = Date.now() / 1_000 - Number(one.headers["webhook-timestamp"]);
    expect(Math.abs(ageS)).toBeLessThan(300);
  }
  await expect.poll(() => deliveries(webhookId, "delivered"), soon).toHaveLength(2);
  expect(await deliveries(webhookId)).toContainEqual(
    expect.objectContaining({ type: "call.ended", callId, attempts: 1, responseStatus: 204, error: null }),
  );
});

test("a call that failed is told as failed, its transcript as ready", async () => {
  const path = `/ok/${randomUUID()}`;
  await webhook(path, ["call.failed", "call.ended", "transcript.ready"]);
  replica();
  await call(tenantId, "no-worker");
  await expect
    .poll(
      () =>
        bodies(path)
          .map(({ type }) => type)
          .sort(),
      soon,
    )
    .toEqual(["call.failed", "transcript.ready"]);
});

test("while the secret is changed both are good", async () => {
  const path = `/ok/${randomUUID()}`;
  const { secret, webhookId } = await webhook(path, ["call.started"]);
  const rotated = await send("POST", `/api/webhooks/${webhookId}/rotate`, { key, body: {} });
  replica();
  await call();
  await expect.poll(() => at(path).length, soon).toBe(1);
  for (const good of [secret, rotated.json.secret]) expect(await isSignedWith(good, at(path)[0]!)).toBe(true);
  await send("POST", `/api/webhooks/${webhookId}/rotate`, { key, body: { graceSeconds: 0 } });
  await call();
  await expect.poll(() => at(path).length, soon).toBe(2);
  expect(await isSignedWith(rotated.json.secret, at(path)[1]!)).toBe(false);
});

describe("at least once", () => {
  test("two servers that share the outbox tell each event once", async () => {
    const path = `/ok/${randomUUID()}`;
    await webhook(path);
    replica();
    replica();
    const calls = await Promise.all(Array.from({ length: 40 }, () => call()));
    await expect.poll(() => at(path).length, { timeout: 20_000 }).toBe(80);
    const ids = new Set(at(path).map(({ headers }) => headers["webhook-id"]));
    expect(ids.size).toBe(80);
    expect(new Set(bodies(path).map(({ data }) => data.callId))).toEqual(new Set(calls));
  });

  test("what a server had stored, or taken to be sent, when it died is told by the next one", async () => {
    const path = `/ok/${randomUUID()}`;
    const { webhookId } = await webhook(path);
    await call();
    expect(at(path)).toEqual([]);
    while ((await platform.store.projections.advance()) > 0);
    const taken = await platform.store.deliveries.take({ most: 100, perWebhook: 1, busy: [], leaseMs: 0 });
    expect(taken.filter((one) => one.webhookId === webhookId).length).toBe(1);
    replica();
    await expect.poll(() => at(path).length, soon).toBe(2);
    // The dead one may have sent it: whoever gets it twice knows it by its id.
    const [mine] = taken.filter((one) => one.webhookId === webhookId);
    expect(at(path).map(({ headers }) => headers["webhook-id"])).toContain(mine?.eventId);
  });

  test("is tried again until it is taken, with the same id", async () => {
    const path = `/flaky/${randomUUID()}`;
    receiver.flakyStatus = 503;
    const { webhookId } = await webhook(path, ["call.started"]);
    replica({ retryMs: () => 20 });
    await call();
    await expect.poll(() => at(path).length, soon).toBeGreaterThan(1);
    expect((await send("GET", `/api/webhooks/${webhookId}`, { key })).json.failingSince).toMatch(/Z$/);
    receiver.flakyStatus = 200;
    await expect.poll(() => deliveries(webhookId, "delivered"), soon).toHaveLength(1);
    expect(new Set(at(path).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect((await send("GET", `/api/webhooks/${webhookId}`, { key })).json.failingSince).toBe(null);
  });

  test("an address that hangs holds up no other", async () => {
    const [hang, fine] = [`/hang/${randomUUID()}`, `/ok/${randomUUID()}`];
    const { webhookId } = await webhook(hang, ["call.started"]);
    await webhook(fine, ["call.started"]);
    replica({ timeoutMs: 60_000 });
    for (let count = 0; count < 12; count += 1) await call();
    await expect.poll(() => at(fine).length, soon).toBe(12);
    expect(at(hang).length).toBeLessThanOrEqual(4);
    await send("DELETE", `/api/webhooks/${webhookId}`, { key });
  });
});

describe("what cannot be delivered", () => {
  test.each([
    ["/500", "500 was answered"],
    ["/hang", "hook-timeout"],
    ["/slow", "hook-timeout"],
    ["/garbage", "hook-unreachable"],
    ["/half", "hook-unreachable"],
    ["/redirect", "redirects are not followed"],
  ])("%s: is dead after the last attempt, and is sent again when asked for", async (behaviour, error) => {
    const path = `${behaviour}/${randomUUID()}`;
    const { webhookId } = await webhook(path, ["call.started"]);
    replica({ timeoutMs: 300 });
    await call();
    await expect
      .poll(() => deliveries(webhookId, "dead"), soon)
      .toMatchObject([{ attempts: 3, error: expect.stringContaining(error), nextAttemptAt: null }]);
    const before = at(path).length;
    const url = `${receiver.url}/ok/${webhookId}`;
    await send("PATCH", `/api/webhooks/${webhookId}`, { key, body: { url } });
    const replay = await send("POST", `/api/webhooks/${webhookId}/replay`, { key });
    expect(replay.json).toEqual({ replayed: 1 });
    await expect.poll(() => deliveries(webhookId, "delivered"), soon).toHaveLength(1);
    const [first, again] = [at(path)[0], at(`/ok/${webhookId}`)[0]];
    expect(again?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(at(path).length).toBe(before);
  });

  test("one is sent again by its id, though it was taken", async () => {
    const path = `/ok/${randomUUID()}`;
    const { webhookId } = await webhook(path, ["call.started"]);
    replica();
    await call();
    await expect.poll(() => deliveries(webhookId, "delivered"), soon).toHaveLength(1);
    const [{ deliveryId }] = await deliveries(webhookId);
    const again = `/api/webhooks/${webhookId}/deliveries/${deliveryId}/replay`;
    expect((await send("POST", again, { key })).json).toEqual({ replayed: 1 });
    await expect.poll(() => at(path).length, soon).toBe(2);
    const nobody = `/api/webhooks/${webhookId}/deliveries/dlv_none/replay`;
    expect((await send("POST", nobody, { key })).json).toMatchObject({ status: 404, code: "delivery-not-found" });
  });

  test("an address that is gone is told of nothing more, until it is switched on", async () => {
    const path = `/gone/${randomUUID()}`;
    const { webhookId } = await webhook(path, ["call.started"]);
    replica();
    await call();
    const state = async () => (await send("GET", `/api/webhooks/${webhookId}`, { key })).json;
    await expect.poll(state, soon).toMatchObject({ enabled: false, disabledReason: expect.stringContaining("410") });
    const change = { url: `${receiver.url}/ok/${webhookId}`, enabled: true };
    await send("PATCH", `/api/webhooks/${webhookId}`, { key, body: change });
    await expect.poll(() => at(`/ok/${webhookId}`).length, soon).toBe(1);
  });
});

test("nothing inside this network is called in production, whatever the url says", async () => {
  const { webhookId } = await webhook(`/ok/${randomUUID()}`, ["call.started"]);
  replica({ privateHooks: "none" });
  await call();
  await expect
    .poll(() => deliveries(webhookId, "dead"), soon)
    .toMatchObject([{ error: expect.stringContaining("hook-address-refused") }]);
  for (const url of ["https://user:pw@example.com/", "http://169.254.169.254/latest", "http://10.0.0.1/"]) {
    const refused = await send("POST", "/api/webhooks", { key, body: { url, events: ["call.ended"] } });
    expect(refused.json).toMatchObject({ status: 400, code: "url-refused" });
  }
});

test("whoever wants to hear of it is told once that a quota is used up", async () => {
  const path = `/ok/${randomUUID()}`;
  await webhook(path, ["usage.exceeded"]);
  replica();
  await send("PATCH", `/api/tenants/${tenantId}`, { body: { settings: { maxMinutesPerMonth: 0 } } });
  for (let count = 0; count < 3; count += 1) {
    const body = { participantName: "Ann", agentId: "front-desk" };
    expect((await send("POST", "/livekit/create-room", { key, body })).status).toBe(429);
  }
  await expect
    .poll(() => bodies(path), soon)
    .toMatchObject([
      { type: "usage.exceeded", data: { callId: null, tenantId, limit: "maxMinutesPerMonth", most: 0 } },
    ]);
});
