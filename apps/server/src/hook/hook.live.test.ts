import { randomUUID } from "node:crypto";
import { systemClock } from "@parley/engine";
import { callStarted } from "@parley/testkit/facts";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { callStart } from "../call-start/context.ts";
import type { PrivateHooks } from "../outgoing/address.ts";
import { openReceiver, type Receiver } from "../outgoing/test/receiver.ts";
import { followLog } from "../projections/follow.ts";
import { sealedSecrets } from "../secrets/secrets.ts";
import { testPlatform } from "../test/platform.ts";
import { deliverWebhooks } from "../webhooks/outbound/deliver.ts";
import { askHooks } from "./ask.ts";
import { breaker } from "./breaker.ts";

const platform = testPlatform();
const { send, keyFor } = platform;
const log = pino({ level: "silent" });
const secrets = sealedSecrets([Buffer.alloc(32, 7)]);
const soon = { timeout: 10_000 };
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

async function tenant(settings: object = {}) {
  const id = `t-${randomUUID()}`;
  await send("POST", "/api/tenants", { body: { tenantId: id, name: "A tenant", settings } });
  return { tenantId: id, key: await keyFor(["webhooks:write", "contexts:write", "erasures:write"], id) };
}
const put = (path: string, more: object = {}, by = key) =>
  send("PUT", "/api/hook", { key: by, body: { url: `${receiver.url}${path}`, ...more } });
const at = (path: string) => receiver.received.filter((one) => one.path === path);
const contextOf = async (userId: string) => (await send("GET", `/api/contexts/${userId}`, { key })).json.context;

/** How a server begins calls. */
function house(privateHooks: PrivateHooks = "loopback") {
  const { store } = platform;
  const failures = { count: 0 };
  const failed = () => void failures.count++;
  const hooks = breaker(systemClock);
  const ask = askHooks({ store, secrets, privateHooks, breaker: hooks, clock: systemClock, log, failed });
  const start = callStart({ store, ask, clock: systemClock, log });
  const begin = (metadata: object) => {
    const callId = randomUUID();
    return start({ callId, metadata: JSON.stringify({ callId, tenantId, ...metadata }) });
  };
  return { begin, failures, hooks };
}

/** And ends them. */
function outbox(): void {
  const { store } = platform;
  const follower = followLog({ store, clock: systemClock, log });
  const retryMs = (attempts: number) => (attempts < 3 ? 20 : null);
  const delivering = deliverWebhooks({
    ...{ store, secrets, log, retryMs },
    clock: systemClock,
    privateHooks: "loopback",
    timeoutMs: 1_000,
  });
  onTestFinished(() => {
    follower.close();
    delivering.close();
  });
}

async function ended(userId: string, more: { type: string }[] = []): Promise<string> {
  const callId = randomUUID();
  const metadata = { userId, context: { secret: "of before" }, order: 7 };
  const all = [
    callStarted({ agent: "front-desk", room: "r", tenantId, from: "+1555", metadata }),
    ...more,
    { type: "call-closed", reason: "hung-up" },
  ];
  const facts = all.map((fact, index) => ({
    ...{ callId, epoch: 1, seq: index + 1, at: index * 1_000, version: 1 },
    ...fact,
  }));
  await platform.store.facts.appendBatch({ callId, epoch: 1, facts });
  return callId;
}

describe("at a call's beginning", () => {
  test("the tenant's own hook is asked, signed, and what it answers stands over what is known", async () => {
    const path = `/json/${randomUUID()}`;
    expect((await put(path)).status).toBe(201);
    await send("PUT", "/api/contexts/ann", { key, body: { name: "Ann", plan: "basic" } });
    receiver.json = JSON.stringify({ context: { plan: "gold", name: null }, metadata: { order: 7 }, language: "de" });
    const { begin } = house();
    const known = await begin({ userId: "ann", from: "+1555", agentId: "front-desk" });
    expect(known).toEqual({ context: { plan: "gold" }, metadata: { order: 7 }, language: "de" });
    const [asked] = at(path);
    expect(JSON.parse(asked!.body)).toMatchObject({
      ...{ type: "call.start", tenantId, agentId: "front-desk", userId: "ann", from: "+1555" },
      context: { name: "Ann", plan: "basic" },
    });
    expect(asked!.headers["webhook-signature"]).toMatch(/^v1,/);
    // For that call alone.
    expect(await contextOf("ann")).toEqual({ name: "Ann", plan: "basic" });
    const other = await tenant();
    expect(await begin({ tenantId: other.tenantId, userId: "ann" })).toEqual({ context: null });
    expect(await begin({ tenantId: null, userId: "ann" })).toEqual({ context: null });
    expect(at(path)).toHaveLength(1);
    await put(path, { events: ["end"] });
    await begin({ userId: "ann" });
    expect(at(path)).toHaveLength(1);
  });

  test("a call may be refused, with a sentence", async () => {
    await put(`/json/${randomUUID()}`);
    receiver.json = JSON.stringify({ refuse: { reason: "blocked", say: "Goodbye." } });
    expect(await house().begin({ from: "+1666" })).toEqual({
      context: null,
      refusal: { reason: "blocked", say: "Goodbye." },
    });
  });

  test.each(["/500", "/hang", "/slow", "/endless", "/garbage", "/half", "/redirect", "/gone"])(
    "a hook that behaves as %s is done without: within its time, counted, and shown",
    async (path) => {
      await put(`${path}/${randomUUID()}`, { startTimeoutMs: 150 });
      await send("PUT", "/api/contexts/ann", { key, body: { name: "Ann" } });
      const { begin, failures, hooks } = house();
      expect(await begin({ userId: "ann" })).toEqual({ context: { name: "Ann" } });
      expect(failures.count).toBe(1);
      const { hookId } = (await send("GET", "/api/hook", { key })).json;
      expect(hooks.health(hookId)).toMatchObject({ status: "failing", lastError: expect.stringMatching(/^hook-/) });
    },
  );

  test("garbage, and more than a context holds, is no answer", async () => {
    await put(`/json/${randomUUID()}`);
    await send("PUT", "/api/contexts/ann", { key, body: { name: "x".repeat(20_000) } });
    const { begin, failures } = house();
    for (const json of ["<html>", '{"context":7}', JSON.stringify({ context: { more: "y".repeat(20_000) } })]) {
      receiver.json = json;
      expect((await begin({ userId: "ann" })).context).toEqual({ name: "x".repeat(20_000) });
    }
    expect(failures.count).toBe(2);
  });

  test("an address inside the network is not asked, though it was allowed when it was set", async () => {
    const path = `/json/${randomUUID()}`;
    await put(path);
    const { begin, failures } = house("none");
    expect(await begin({})).toEqual({ context: null });
    expect([failures.count, at(path).length]).toEqual([1, 0]);
    expect((await send("PUT", "/api/hook", { key, body: { url: "https://10.0.0.1/x" } })).json.code).toBe(
      "url-refused",
    );
  });

  test("one that hangs is asked five times, and then left alone", async () => {
    const path = `/hang/${randomUUID()}`;
    await put(path, { startTimeoutMs: 50 });
    const { begin, failures } = house();
    for (let n = 0; n < 8; n++) await begin({});
    expect([failures.count, at(path).length]).toEqual([5, 5]);
  });
});

describe("at its end", () => {
  test("the hook is told the facts of the call, and teaches what is known of the caller from then on", async () => {
    const path = `/json/${randomUUID()}`;
    await put(path);
    await send("PUT", "/api/contexts/ann", { key, body: { calls: 1, mood: "?" } });
    receiver.json = JSON.stringify({ context: { calls: 2, mood: null } });
    // That of calls that are nobody's is not told of a tenant's.
    const nobodys = `/json/nobodys-${randomUUID()}`;
    await send("PUT", "/api/hook", { body: { url: `${receiver.url}${nobodys}` } });
    onTestFinished(async () => void (await send("DELETE", "/api/hook")));
    outbox();
    const callId = await ended("ann");
    await expect.poll(() => contextOf("ann"), soon).toEqual({ calls: 2 });
    expect(at(nobodys)).toHaveLength(0);
    const told = JSON.parse(at(path)[0]!.body);
    expect(told).toMatchObject({
      ...{ type: "call.ended", callId, tenantId, from: "+1555", userId: "ann", endReason: "hung-up" },
      ...{ durationMs: 1_000, outcome: "served", usage: { models: {} }, transcript: [] },
    });
    expect(told.metadata).toEqual({ userId: "ann", order: 7 });
    const { hookId } = (await send("GET", "/api/hook", { key })).json;
    const { deliveries } = (await send("GET", `/api/webhooks/${hookId}/deliveries`, { key })).json;
    expect(deliveries).toMatchObject([{ type: "hook.end", callId, status: "delivered", attempts: 1, error: null }]);
  });

  test("one that does not take it is told again; dead, it can be told by hand; a bad answer is noted", async () => {
    const path = `/flaky/${randomUUID()}`;
    await put(path);
    receiver.flakyStatus = 500;
    outbox();
    await ended("bo");
    const { hookId } = (await send("GET", "/api/hook", { key })).json;
    const first = async () => (await send("GET", `/api/webhooks/${hookId}/deliveries`, { key })).json.deliveries[0];
    await expect.poll(async () => (await first())?.status, soon).toBe("dead");
    await put(`/json/${path}`);
    receiver.json = '{"context":"none"}';
    await send("POST", `/api/webhooks/${hookId}/replay`, { key, body: {} });
    await expect.poll(async () => (await first()).status, soon).toBe("delivered");
    expect((await first()).error).toMatch(/hook-answer-invalid: context/);
    expect(new Set(at(path).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  test("what the agent learnt stands in the context once, in order, and an erased caller stays unknown", async () => {
    outbox();
    const learnt = (patch: object, replaces = false) => ({ type: "context-updated", patch, replaces });
    const callId = await ended("cleo", [
      learnt({ visits: 1, cat: "Tom" }, true),
      learnt({ cat: null, dog: "Rex" }),
      learnt({ story: "x".repeat(33_000) }),
      learnt({ visits: 2 }),
    ]);
    await expect.poll(() => contextOf("cleo"), soon).toEqual({ visits: 2, dog: "Rex" });
    expect((await send("PATCH", "/api/contexts/cleo", { key, body: { visits: 9 } })).status).toBe(200);
    // Another owner wrote the end anew: what was applied is not applied again.
    const more = { callId, epoch: 2, version: 1, at: 9_000 };
    await platform.store.facts.appendBatch({
      ...{ callId, epoch: 2 },
      facts: [
        { ...more, seq: 6, type: "call-recovered", wallMs: 0, by: "w2" },
        { ...more, seq: 7, ...learnt({ dog: "Max" }) },
        { ...more, seq: 8, type: "call-closed", reason: "hung-up" },
      ],
    });
    await expect.poll(() => contextOf("cleo"), soon).toEqual({ visits: 9, dog: "Max" });
    await send("POST", "/api/erasures", { key, body: { caller: "cleo" } });
    expect(await contextOf("cleo")).toBeUndefined();
    const { outcome } = await platform.store.contexts.learn({ tenantId, userId: "cleo" }, callId, { back: true });
    expect([outcome, await contextOf("cleo")]).toEqual(["erased", undefined]);
  });

  test("a tenant that wants no numbers in transcripts tells its hook none, and one without a hook tells nobody", async () => {
    ({ tenantId, key } = await tenant({ redactTranscripts: true }));
    const path = `/json/${randomUUID()}`;
    receiver.json = "{}";
    await put(path);
    outbox();
    const text = "Call +15551234567 please";
    const fact = (body: { type: string; [more: string]: unknown }) => body;
    await ended("dan", [
      fact({ type: "turn-opened", turnId: "t", participantId: "d", via: "text", startMs: 0, overReplyId: null }),
      fact({ type: "turn-committed", turnId: "t", participantId: "d", text, understood: true, endMs: 9 }),
    ]);
    await expect.poll(() => at(path).length, soon).toBe(1);
    const { transcript } = JSON.parse(at(path)[0]!.body);
    expect(transcript).toMatchObject([{ speaker: "user", text: expect.stringMatching(/^Call .+ please$/) }]);
    expect(at(path)[0]!.body).not.toContain("15551234567");
    await send("DELETE", "/api/hook", { key });
    expect((await send("GET", "/api/hook", { key })).json.code).toBe("hook-not-found");
    await ended("eve");
    await expect
      .poll(async () => (await platform.store.projections.lag()).every(({ calls }) => calls === 0), soon)
      .toBe(true);
    expect(at(path)).toHaveLength(1);
  });
});

test("a hook is one a tenant, apart from its webhooks; its secret is shown once, and never from others' keys", async () => {
  const made = await put("/ok/1");
  expect(made.json).toMatchObject({ secret: expect.stringMatching(/^whsec_/), events: ["start", "end"], tenantId });
  const again = await put("/ok/2", { startTimeoutMs: 100, events: ["end"] });
  expect(again).toMatchObject({ status: 200, json: { startTimeoutMs: 100, events: ["end"], enabled: true } });
  expect(again.json.secret).toBeUndefined();
  expect(again.json.hookId).toBe(made.json.hookId);
  expect((await send("GET", "/api/webhooks", { key })).json.webhooks).toEqual([]);
  const { hookId } = made.json;
  const rotated = await send("POST", `/api/webhooks/${hookId}/rotate`, { key, body: {} });
  expect(rotated.json.secret).not.toBe(made.json.secret);
  const patched = await send("PATCH", `/api/webhooks/${hookId}`, { key, body: { events: ["call.ended"] } });
  expect(patched.json.code).toBe("webhook-not-found");
  expect((await send("DELETE", `/api/webhooks/${hookId}`, { key })).json.code).toBe("webhook-not-found");
  const other = await tenant();
  expect((await send("GET", `/api/webhooks/${hookId}/deliveries`, { key: other.key })).status).toBe(404);
  expect((await send("GET", `/api/hook?tenantId=${tenantId}`, { key: other.key })).json.code).toBe("tenant-not-found");
  expect((await send("GET", `/api/hook?tenantId=${tenantId}`)).json.hookId).toBe(hookId);
  expect((await put("/ok/3", { startTimeoutMs: 5_000 })).status).toBe(400);
  const keyless = await keyFor(["contexts:write"], tenantId);
  expect((await put("/ok/3", {}, keyless)).status).toBe(403);
});
