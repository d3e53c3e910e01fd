import { randomUUID } from "node:crypto";
import { callStarted } from "@parley/testkit/facts";
import { expect, test } from "vitest";
import { testPlatform } from "../test/platform.ts";

const platform = testPlatform();
const { send, keyFor } = platform;

async function tenant(settings: object = {}): Promise<{ tenantId: string; key: string }> {
  const tenantId = `t-${randomUUID()}`;
  await send("POST", "/api/tenants", { body: { tenantId, name: "A tenant", settings } });
  return { tenantId, key: await keyFor(["calls:write", "usage:read"], tenantId) };
}

async function call(tenantId: string, { minutes, isOver }: { minutes: number; isOver: boolean }): Promise<string> {
  const callId = randomUUID();
  const envelope = (seq: number, at: number) => ({ callId, epoch: 1, seq, at, version: 1 });
  const wallMs = Date.now() - minutes * 60_000;
  const facts = [
    { ...envelope(1, 0), ...callStarted({ agent: "front-desk", room: "r", tenantId, wallMs }) },
    { ...envelope(2, 1), type: "usage-reported", stage: "llm", model: "m", inputTokens: 12, outputTokens: 3 },
    ...(isOver ? [{ ...envelope(3, minutes * 60_000), type: "call-closed", reason: "hung up" }] : []),
  ];
  await platform.store.facts.appendBatch({ callId, epoch: 1, facts });
  while ((await platform.store.projections.advance()) > 0);
  return callId;
}

const create = (key: string) =>
  send("POST", "/livekit/create-room", { key, body: { participantName: "Ann", agentId: "front-desk" } });

test("is told by day, month and agent, each tenant's alone", async () => {
  const [mine, theirs] = [await tenant(), await tenant()];
  await call(mine.tenantId, { minutes: 3, isOver: true });
  await call(theirs.tenantId, { minutes: 5, isOver: true });
  const from = new Date(Date.now() - 24 * 3_600_000).toISOString().slice(0, 10);
  for (const by of ["day", "month", "agent"]) {
    const { status, json } = await send("GET", `/api/usage?by=${by}&from=${from}`, { key: mine.key });
    expect([by, status]).toEqual([by, 200]);
    expect(json.usage).toMatchObject([{ calls: 1, minutes: 3, inputTokens: 12, outputTokens: 3 }]);
    expect(json.asOf).toMatch(/Z$/);
  }
  const at = `/api/usage?from=${from}&tenantId=${theirs.tenantId}`;
  expect((await send("GET", at, { key: mine.key })).json).toMatchObject({ status: 404, code: "tenant-not-found" });
  expect((await send("GET", at)).json.usage).toMatchObject([{ minutes: 5 }]);
  for (const period of ["from=2026-02-01&to=2026-01-01", "from=1900-01-01&to=2026-01-01"])
    expect((await send("GET", `/api/usage?${period}`)).json).toMatchObject({ status: 400, code: "period-invalid" });
});

test("is told by model and by provider, and a log that is written anew counts as it stands", async () => {
  const [mine, theirs] = [await tenant(), await tenant()];
  const report = (more: object) => ({ type: "usage-reported", ...more });
  const told = async (by: string) => (await send("GET", `/api/usage?by=${by}`, { key: mine.key })).json.usage;
  async function append(
    callId: string,
    epoch: number,
    from: number,
    facts: { type: string; [more: string]: unknown }[],
    of = mine.tenantId,
  ) {
    const first = callStarted({ agent: "a", room: "r", tenantId: of, wallMs: Date.now() });
    const all = (from === 1 ? [first, ...facts] : facts).map((fact, index) => {
      return { callId, epoch, seq: from + index, at: index, version: 1, ...fact };
    });
    await platform.store.facts.appendBatch({ callId, epoch, facts: all });
    while ((await platform.store.projections.advance()) > 0);
  }
  const llm = report({ stage: "llm", model: "openai/gpt", inputTokens: 100, outputTokens: 10 });
  const stt = report({ stage: "stt", model: "openai/listen", audioMs: 30_000 });
  const tts = report({ stage: "tts", model: "local/flite", audioMs: 2_000, characters: 40 });
  const callId = randomUUID();
  await append(callId, 1, 1, [llm, stt]);
  await append(callId, 1, 4, [llm, tts]);
  await append(randomUUID(), 1, 1, [llm]);
  await append(randomUUID(), 1, 1, [llm], theirs.tenantId);
  expect(await told("model")).toMatchObject([
    { key: "local/flite", calls: 1, requests: 1, characters: 40, madeSeconds: 2, minutes: null },
    { key: "openai/gpt", calls: 2, requests: 3, inputTokens: 300, outputTokens: 30 },
    { key: "openai/listen", calls: 1, requests: 1, transcribedSeconds: 30, madeSeconds: 0 },
  ]);
  expect(await told("provider")).toMatchObject([
    { key: "local", requests: 1 },
    { key: "openai", requests: 4, inputTokens: 300, transcribedSeconds: 30 },
  ]);
  await append(callId, 2, 3, [tts, { type: "call-closed", reason: "over" }]);
  expect(await told("model")).toMatchObject([
    { key: "local/flite", calls: 1, requests: 1 },
    { key: "openai/gpt", calls: 2, requests: 2, inputTokens: 200 },
  ]);
});

test("so many calls at once and no more, whichever way they are made", async () => {
  const { tenantId, key } = await tenant({ maxConcurrentCalls: 3 });
  await call(tenantId, { minutes: 1, isOver: false });
  expect((await create(key)).status).toBe(201);
  expect((await send("POST", "/api/token", { key, body: {} })).status).toBe(201);
  for (const refused of [
    await create(key),
    await send("POST", "/api/token", { key, body: {} }),
    await send("POST", "/livekit/connect", { key, body: { room_name: "r", participant_name: "Ann" } }),
  ]) {
    expect(refused.json).toMatchObject({ status: 429, code: "quota-exceeded" });
    expect(refused.json.detail).toContain("3 of 3");
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  }
  // Who joins a room without an agent of his own makes no call.
  const joins = { room_config: { agents: [] } };
  expect((await send("POST", "/api/token", { key, body: joins })).status).toBe(201);
  const other = await tenant({ maxConcurrentCalls: 1 });
  expect((await create(other.key)).status).toBe(201);
});

test("of several that ask for the last place at a time one gets it", async () => {
  const { key } = await tenant({ maxConcurrentCalls: 1 });
  const answers = await Promise.all(Array.from({ length: 6 }, () => create(key)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 429, 429, 429, 429, 429]);
});

test("no call more when the month's minutes are used", async () => {
  const { tenantId, key } = await tenant({ maxMinutesPerMonth: 0 });
  expect((await create(key)).json).toMatchObject({ status: 429, code: "quota-exceeded" });
  await send("PATCH", `/api/tenants/${tenantId}`, { body: { settings: { maxMinutesPerMonth: null } } });
  expect((await create(key)).status).toBe(201);
});
