import { SimulatedCaller } from "@parley/livekit";
import type { StoredFact } from "@parley/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LivePlatform, livePlatform } from "./support/platform.ts";

const patience = { timeout: 15_000, interval: 50 };
const STORY = "one two three four five six seven eight nine ten. ".repeat(6).trim();
let platform: LivePlatform;
beforeAll(async () => {
  platform = await livePlatform();
});
afterAll(() => platform?.close());

const tell = (callId: string, what: string, body: object = {}, key?: string) =>
  platform.send("POST", `/api/calls/${callId}/${what}`, { body, ...(key === undefined ? {} : { key }) });

async function facts(callId: string, type: string): Promise<StoredFact[]> {
  return (await platform.store.facts.read(callId, { limit: 1_000 })).facts.filter((fact) => fact.type === type);
}

it("a backend says, interrupts, mutes, changes the language and hangs up", async () => {
  const tenantId = "acme";
  await platform.send("POST", "/api/tenants", { body: { tenantId, name: "Acme" } });
  const key = await platform.keyFor(["calls:write"], tenantId);
  const { callId, caller } = await platform.call(key);
  const by = expect.stringMatching(/^key:key_/);

  const silentFrom = caller.hearing.lastLoudAt;
  expect(await tell(callId, "say", { text: STORY }, key)).toMatchObject({ status: 200, json: { accepted: true } });
  await caller.onset(silentFrom);
  expect((await tell(callId, "interrupt", {}, key)).json).toEqual({ interrupted: true });
  await caller.quiet();
  expect((await tell(callId, "interrupt", {}, key)).json).toEqual({ interrupted: false });
  await expect
    .poll(() => facts(callId, "say-requested"), patience)
    .toMatchObject([{ text: STORY, by, interruptible: true }]);
  await expect.poll(() => facts(callId, "reply-stopped"), patience).toMatchObject([{ reason: "requested" }]);

  expect((await tell(callId, "mute", { muted: true }, key)).json).toEqual({ muted: true });
  expect((await tell(callId, "say", { text: "Hello?" }, key)).json).toMatchObject({ status: 409, code: "agent-muted" });
  expect((await tell(callId, "mute", { muted: false }, key)).json).toEqual({ muted: false });
  expect((await tell(callId, "language", { language: "DE-de" }, key)).json).toEqual({ language: "de-DE" });
  expect((await tell(callId, "language", { language: "?" }, key)).json).toMatchObject({ status: 400 });
  expect((await tell(callId, "transfer", { to: "+15550100" }, key)).json).toMatchObject({
    status: 409,
    code: "not-a-phone-call",
  });
  const answers = await Promise.all(Array.from({ length: 12 }, () => tell(callId, "say", { text: STORY }, key)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
  expect(answers.find(({ status }) => status !== 200)).toMatchObject({
    status: 429,
    json: { code: "too-much-to-say" },
  });

  // Another tenant learns nothing, whoever may only read may do nothing.
  await platform.send("POST", "/api/tenants", { body: { tenantId: "other", name: "Other" } });
  const theirs = await platform.keyFor(["calls:write"], "other");
  expect((await tell(callId, "say", { text: "Hi" }, theirs)).json).toMatchObject({ status: 404 });
  const reader = await platform.keyFor(["calls:read"], tenantId);
  expect((await tell(callId, "hang-up", {}, reader)).json).toMatchObject({ status: 403, code: "scope-missing" });

  await tell(callId, "interrupt", {}, key);
  await tell(callId, "mute", { muted: true }, key);
  expect((await tell(callId, "hang-up", { reason: "agreed" }, key)).json).toEqual({ accepted: true });
  await caller.until(() => caller.lost !== null || caller.agents.length === 0, 15_000, "the agent to go");
  await expect.poll(async () => (await platform.store.calls.get(callId))?.endReason, patience).toBe("agreed");
  expect((await tell(callId, "say", { text: "Hi" }, key)).json).toMatchObject({ status: 409, code: "call-not-live" });
  expect((await tell("nobody", "say", { text: "Hi" }, key)).json).toMatchObject({ status: 404 });
});

it("a call begins with what is known of its caller", async () => {
  await platform.send("PUT", "/api/contexts/ann", { body: { plan: "gold" } });
  const { callId } = await platform.call(undefined, "echo", { userId: "ann" });
  const known = { userId: "ann", context: { plan: "gold" } };
  await expect.poll(() => facts(callId, "call-started"), patience).toMatchObject([{ metadata: known }]);
});

it("a call made by a token alone is known, and may be told something, from its first moment", async () => {
  const { json } = await platform.send("POST", "/api/token", { body: {} });
  const claims = JSON.parse(Buffer.from(json.participant_token.split(".")[1], "base64url").toString());
  const { callId } = JSON.parse(claims.roomConfig.agents[0].metadata);
  const early = await platform.send("GET", `/api/calls/${callId}`);
  expect(early).toMatchObject({ status: 404, json: { detail: expect.stringContaining("has not begun") } });
  const caller = await SimulatedCaller.join({ url: json.server_url, token: json.participant_token });
  const answers = await Promise.all([
    platform.send("GET", `/api/calls/${callId}`),
    platform.send("POST", `/api/calls/${callId}/say`, { body: { text: "At once." } }),
  ]);
  expect(answers.map(({ status, json: answer }) => [status, answer.code])).toEqual([
    [200, undefined],
    [200, undefined],
  ]);
  await caller.leave();
});

it("while Postgres is away nothing can be asked for, and the call goes on", async () => {
  const { callId, caller } = await platform.call();
  await platform.postgres.stop();
  expect((await tell(callId, "say", { text: "Hi" })).status).toBe(503);
  await caller.sendChat("Are you there?");
  await caller.onset(caller.hearing.lastLoudAt);
  expect(caller.lost).toBeNull();
});
