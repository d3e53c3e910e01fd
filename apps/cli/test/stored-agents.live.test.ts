import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { SimulatedCaller } from "@parley/livekit";
import type { StoredFact } from "@parley/store";
import { type OpenAiServer, startOpenAiServer } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type LivePlatform, livePlatform } from "./support/platform.ts";

const TOOLS = path.resolve(import.meta.dirname, "../../../examples/shop-tools.ts");
const SECRET = "Bearer hunter2-hunter2";
const patience = { timeout: 20_000, interval: 50 };

let platform: LivePlatform;
let openai: OpenAiServer;
/** The tenant's own service on loopback: what it was asked. */
const asked: { url: string; headers: IncomingHttpHeaders }[] = [];
const shop = createServer((request, response) => {
  asked.push({ url: request.url ?? "", headers: request.headers });
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ order: "on its way", seen: request.headers.authorization }));
});
let shopUrl: string;
/** Which tool the model wants, and the last that it was told. */
let wanted: { tool: string; args: unknown };
let toldModel = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
  shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  openai = await startOpenAiServer({
    reply({ afterTool, messages }) {
      if (!afterTool) return { toolCalls: [wanted] };
      toldModel = JSON.stringify(messages.at(-1)?.content);
      return "It is done.";
    },
  });
  vi.stubEnv("OPENAI_API_KEY", "test-key");
  vi.stubEnv("OPENAI_BASE_URL", openai.baseUrl);
  platform = await livePlatform({
    agentFile: null,
    toolFiles: [TOOLS],
    settings: { PARLEY_SHARDS: "2", PARLEY_HTTP_TOOLS_PRIVATE: "true" },
  });
});
afterAll(async () => {
  await platform?.close();
  await openai?.close();
  shop.close();
  vi.unstubAllEnvs();
});

const lookUp = () => ({
  name: "look_up",
  description: "Looks an order up",
  method: "GET",
  url: `${shopUrl}/orders/{order}`,
  headers: { authorization: SECRET },
  parameters: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
});
async function make(more: object = {}, key?: string): Promise<string> {
  const body = { name: "Shop", greeting: "Hello, the shop.", tts: "local/flite", ...more };
  const { status, json } = await platform.send("POST", "/api/agents", { body, ...(key ? { key } : {}) });
  expect([status, json.detail]).toEqual([201, undefined]);
  return json.agentId;
}
const facts = async (callId: string, type: string): Promise<StoredFact[]> =>
  (await platform.store.facts.read(callId, { limit: 1_000 })).facts.filter((fact) => fact.type === type);
/** What the model was asked since `from` by calls in which this was asked: other tests' calls ask for a while yet. */
const requestsAbout = (question: string, from: number): string[] =>
  openai.requests
    .slice(from)
    .map((request) => JSON.stringify(request))
    .filter((request) => request.includes(question));
const twoRequests = (question: string, from: number): Promise<string[]> =>
  vi.waitFor(() => {
    const requests = requestsAbout(question, from);
    expect(requests.length).toBeGreaterThan(1);
    return requests;
  }, patience);
const said = (caller: SimulatedCaller) => [...caller.transcripts.values()].map(({ text }) => text).join(" ");
const started = async (callId: string) =>
  (await vi.waitFor(async () => {
    const [first] = await facts(callId, "call-started");
    expect(first).toBeDefined();
    return first;
  }, patience)) as StoredFact & { metadata: Record<string, unknown> };

describe("a stored agent", () => {
  it("hands its call to another one, which has it also after its process has died", { timeout: 90_000 }, async () => {
    const front = await make({ greeting: "Hello, the desk." });
    const billing = await make({ greeting: "Hello, billing.", instructions: "BILLING", llm: "openai" });
    const { callId, caller } = await platform.call(undefined, front);
    const transfer = (body: object) => platform.send("POST", `/api/calls/${callId}/transfer`, { body });
    expect(await transfer({ agentId: "agent_nobody_nobody_" })).toMatchObject({ status: 404 });
    expect(await transfer({ agentId: "echo" })).toMatchObject({ status: 503, json: { code: "agent-worker-missing" } });
    expect(await transfer({})).toMatchObject({ status: 400 });
    expect(await transfer({ agentId: billing })).toMatchObject({ status: 200, json: { agentId: billing } });
    await expect.poll(() => said(caller), patience).toContain("Hello, billing.");
    await expect.poll(() => facts(callId, "agent-changed"), patience).toMatchObject([{ agentId: billing, by: "root" }]);
    await caller.quiet();

    const health = await fetch(`http://127.0.0.1:${platform.worker.port}/healthz`);
    const { shards } = (await health.json()) as { shards: { pid: number; calls: number }[] };
    for (const { pid } of shards.filter(({ calls }) => calls > 0)) process.kill(pid, "SIGKILL");
    await expect.poll(() => facts(callId, "call-recovered"), patience).toHaveLength(1);
    const from = openai.requests.length;
    wanted = { tool: "none", args: {} };
    // What is written while nobody is in the room to read it is lost.
    const questions = setInterval(() => void caller.sendChat("What do I owe?"), 1_000);
    await expect.poll(() => requestsAbout("What do I owe?", from), patience).not.toEqual([]);
    clearInterval(questions);
    for (const request of requestsAbout("What do I owe?", from)) expect(request).toContain("BILLING");
    await caller.leave();
  });

  it("answers a call, with tools of code and over HTTP, and tells nobody its secrets", {
    timeout: 90_000,
  }, async () => {
    const agentId = await make({ llm: "openai", tools: ["opening_hours", lookUp()] });
    const { callId, caller } = await platform.call(undefined, agentId);
    expect(await started(callId)).toMatchObject({ agent: agentId, agentId, metadata: { agentVersion: 1 } });
    wanted = { tool: "look_up", args: { order: "7/8" } };
    await caller.sendChat("Where is my order?");
    await expect.poll(() => said(caller), patience).toContain("It is done.");
    expect(asked).toMatchObject([{ url: "/orders/7%2F8", headers: { authorization: SECRET } }]);
    expect(asked[0]?.headers["idempotency-key"]).toMatch(/./);
    expect(toldModel).toContain("on its way");
    wanted = { tool: "opening_hours", args: { day: "monday" } };
    await caller.sendChat("When do you open?");
    await expect.poll(() => toldModel, patience).toContain("from nine to six");
    await expect.poll(async () => (await facts(callId, "tool-finished")).length, patience).toBe(2);
    const log = (await platform.store.facts.read(callId, { limit: 1_000 })).facts;
    expect(JSON.stringify([log, caller.room.metadata, openai.requests])).not.toContain("hunter2");
    await caller.leave();
  });

  it("is in a call what it was at its beginning, also after its process has died", { timeout: 120_000 }, async () => {
    const agentId = await make({
      greeting: "Hello, one.",
      instructions: "ONE",
      llm: "openai",
      tools: ["opening_hours"],
    });
    const first = await platform.call(undefined, agentId);
    const changed = await platform.send("PATCH", `/api/agents/${agentId}`, {
      body: { greeting: "Hello, two.", instructions: "TWO" },
    });
    expect(changed.json.version).toBe(2);
    const second = await platform.call(undefined, agentId);
    expect(said(second.caller)).toContain("Hello, two.");
    expect(await started(first.callId)).toMatchObject({ metadata: { agentVersion: 1 } });
    expect(await started(second.callId)).toMatchObject({ metadata: { agentVersion: 2 } });
    const instructed = async (caller: SimulatedCaller, question: string) => {
      const from = openai.requests.length;
      wanted = { tool: "opening_hours", args: { day: "monday" } };
      await caller.sendChat(question);
      return twoRequests(question, from);
    };
    for (const request of await instructed(first.caller, "Still you?")) expect(request).toContain("ONE");

    const { shards } = (await (await fetch(`http://127.0.0.1:${platform.worker.port}/healthz`)).json()) as {
      shards: { pid: number; calls: number }[];
    };
    for (const { pid } of shards.filter(({ calls }) => calls > 0)) process.kill(pid, "SIGKILL");
    await expect.poll(async () => (await facts(first.callId, "call-recovered")).length, patience).toBe(1);
    // What is written while nobody is in the room to read it is lost: whoever asks asks again.
    const from = openai.requests.length;
    const questions = setInterval(() => void first.caller.sendChat("And now?"), 1_000);
    const after = await twoRequests("And now?", from);
    clearInterval(questions);
    for (const request of after) {
      expect(request).toContain("ONE");
      expect(request).not.toContain("TWO");
    }
    await Promise.all([first.caller.leave(), second.caller.leave()]);
  });

  it("that names a tool that no worker offers is refused, with those that there are", async () => {
    const { status, json } = await platform.send("POST", "/api/agents", { body: { name: "Shop", tools: ["nothing"] } });
    expect([status, json.code]).toEqual([400, "tool-not-found"]);
    expect(json.detail).toContain("opening_hours");
  });

  it("of a tenant answers that tenant's calls alone, by a token of LiveKit's form too", {
    timeout: 60_000,
  }, async () => {
    const keys = [];
    for (const tenantId of ["mine", "theirs"]) {
      await platform.send("POST", "/api/tenants", { body: { tenantId, name: tenantId } });
      keys.push(await platform.keyFor(["agents:write", "calls:write"], tenantId));
    }
    const [mine, theirs] = keys as [string, string];
    const agentId = await make({}, mine);
    const ask = (key: string, metadata = "") =>
      platform.send("POST", "/api/token", {
        key,
        body: { room_config: { agents: [{ agent_name: agentId, metadata }] } },
      });
    expect((await ask(theirs)).json).toMatchObject({ status: 404, code: "agent-not-found" });
    const { json } = await ask(mine, JSON.stringify({ agentVersion: 99, agentId: "x", tenantId: "theirs" }));
    const caller = await SimulatedCaller.join({ url: json.server_url, token: json.participant_token });
    await caller.onset(0, 20_000);
    await caller.leave();
  });

  it("goes on answering while Postgres is away: the worker has what it was told before", {
    timeout: 90_000,
  }, async () => {
    const agentId = await make();
    const first = await platform.call(undefined, agentId);
    await first.caller.leave();
    const { json } = await platform.send("POST", "/livekit/create-room", { body: { participantName: "Bob", agentId } });
    // Whoever has a token for it is still answered when it is removed.
    await platform.store.agents.remove(agentId);
    await platform.postgres.stop();
    const caller = await SimulatedCaller.join({ url: json.serverUrl, token: json.accessToken });
    await caller.onset(0, 20_000);
    await expect.poll(() => said(caller), patience).toContain("Hello, the shop.");
    await caller.leave();
  });
});
