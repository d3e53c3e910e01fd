import path from "node:path";
import type { SimulatedCaller } from "@parley/livekit";
import type { StoredFact } from "@parley/store";
import { type OpenAiServer, startOpenAiServer } from "@parley/testkit";
import type { Worker } from "@parley/worker";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type LivePlatform, livePlatform } from "./support/platform.ts";

const agents = path.resolve(import.meta.dirname, "agents");
const patience = { timeout: 30_000, interval: 50 };

let platform: LivePlatform;
let openai: OpenAiServer;
let stored: Worker;
/** Whom the caller wants to speak with; the model asks for it by the tool, once. */
let wanted: string | null = null;
/** As the model answers whoever asks: the name in its instructions. */
const nameIn = (text: string) => /FRONT|BILLING|SALES|STORED/.exec(text)?.[0].toLowerCase() ?? "nobody";

beforeAll(async () => {
  openai = await startOpenAiServer({
    reply({ messages }) {
      const agentId = wanted;
      wanted = null;
      if (agentId !== null) return { toolCalls: [{ tool: "connect", args: { agentId } }] };
      return `You speak with ${nameIn(JSON.stringify(messages[0]))}.`;
    },
  });
  vi.stubEnv("OPENAI_API_KEY", "test-key");
  vi.stubEnv("OPENAI_BASE_URL", openai.baseUrl);
  platform = await livePlatform({ agentFile: path.join(agents, "front.ts"), settings: { PARLEY_SHARDS: "2" } });
  await platform.startWorker(path.join(agents, "sales.ts"));
  await platform.startWorker(path.join(agents, "cannot.ts"));
  stored = await platform.startWorker(null, { PARLEY_SHARDS: "2" });
}, 120_000);
afterAll(async () => {
  await platform?.close();
  await openai?.close();
  vi.unstubAllEnvs();
});

const facts = async (callId: string, type: string): Promise<StoredFact[]> =>
  (await platform.store.facts.read(callId, { limit: 1_000 })).facts.filter((fact) => fact.type === type);
const said = (caller: SimulatedCaller) => [...caller.transcripts.values()].map(({ text }) => text).join(" ");
const transfer = (callId: string, body: object) => platform.send("POST", `/api/calls/${callId}/transfer`, { body });
const changes = async (callId: string) => (await facts(callId, "agent-changed")).map(({ agent }) => agent);

/** Asks until it is answered: what is written while the agent is not in the room is lost. */
async function answered(caller: SimulatedCaller, question: string, answer: string) {
  const before = caller.transcripts.size;
  const again = setInterval(() => void caller.sendChat(question), 3_000);
  await caller.sendChat(question);
  const since = () =>
    [...caller.transcripts.values()]
      .slice(before)
      .map(({ text }) => text)
      .join(" ");
  await expect.poll(since, patience).toContain(answer);
  clearInterval(again);
}

async function killShards(worker: Worker) {
  const health = await fetch(`http://127.0.0.1:${worker.port}/healthz`);
  const { shards } = (await health.json()) as { shards: { pid: number; calls: number }[] };
  for (const { pid } of shards.filter(({ calls }) => calls > 0)) process.kill(pid, "SIGKILL");
}

async function makeStored(more: object = {}): Promise<string> {
  const body = {
    name: "Stored",
    greeting: "Hello, here is the archive.",
    instructions: "STORED",
    llm: "openai",
    ...more,
  };
  return (await platform.send("POST", "/api/agents", { body })).json.agentId;
}

describe("an agent of code", () => {
  it("hands its call to a colleague, which has it also after its process has died", { timeout: 120_000 }, async () => {
    const { callId, caller } = await platform.call(undefined, "front");
    wanted = "billing";
    await caller.sendChat("What do I owe?");
    await expect.poll(() => said(caller), patience).toContain("This is billing.");
    await expect.poll(() => said(caller), patience).toContain("You speak with billing.");
    expect(await facts(callId, "agent-changed")).toMatchObject([
      { agent: "billing", agentVersion: null, by: "agent", reason: "the caller asks for it" },
    ]);
    await caller.quiet();
    await killShards(platform.worker);
    await expect.poll(() => facts(callId, "call-recovered"), patience).toHaveLength(1);
    await answered(caller, "And who are you?", "You speak with billing.");
    expect(await changes(callId)).toEqual(["billing"]);

    expect(await transfer(callId, { agentId: "billing" })).toMatchObject({ status: 409, json: { code: "same-agent" } });
    expect(await transfer(callId, { agentId: "front", message: "Front again." })).toMatchObject({ status: 200 });
    await expect.poll(() => said(caller), patience).toContain("Front again.");
    await caller.leave();
  });

  it("is told that there is no such agent, and goes on", { timeout: 60_000 }, async () => {
    const { callId, caller } = await platform.call(undefined, "front");
    wanted = "nobody";
    await caller.sendChat("Nobody, please.");
    await expect.poll(() => said(caller), patience).toContain("You speak with front.");
    const [failed] = await facts(callId, "tool-failed");
    expect(failed).toMatchObject({ error: { code: "agent-not-found" } });
    expect(JSON.stringify(failed)).toMatch(/There are: .*sales.*billing/);
    expect(await transfer(callId, { agentId: "nobody" })).toMatchObject({
      status: 404,
      json: { code: "agent-not-found", detail: expect.stringMatching(/sales.*billing/) },
    });
    await caller.leave();
  });

  it("hands its call to one that another worker runs", { timeout: 120_000 }, async () => {
    const { callId, caller } = await platform.call(undefined, "front");
    wanted = "sales";
    await caller.sendChat("I want to buy something.");
    await expect.poll(() => said(caller), patience).toContain("This is sales.");
    await answered(caller, "Who are you?", "You speak with sales.");
    expect(await facts(callId, "agent-changed")).toMatchObject([
      { agent: "sales", by: "agent", reason: "the caller asks for it" },
    ]);
    const last = JSON.stringify(openai.requests.at(-1));
    expect(last).toContain("I want to buy something.");
    await caller.leave();
  });
});

describe("by HTTP", () => {
  it("a call of code goes to a stored agent, from there to code, whatever dies between", {
    timeout: 180_000,
  }, async () => {
    const { callId, caller } = await platform.call(undefined, "front");
    const agentId = await makeStored();
    expect(await transfer(callId, { agentId, reason: "history" })).toMatchObject({ status: 200, json: { agentId } });
    await expect.poll(() => said(caller), patience).toContain("Hello, here is the archive.");
    await answered(caller, "Who are you?", "You speak with stored.");
    expect(await facts(callId, "agent-changed")).toMatchObject([{ agentId, agentVersion: 1, reason: "history" }]);
    await caller.quiet();
    await killShards(stored);
    await expect.poll(() => facts(callId, "call-recovered"), patience).toHaveLength(2);
    await answered(caller, "Still you?", "You speak with stored.");

    await caller.quiet();
    expect(await transfer(callId, { agentId: "sales", message: "Sales, at last." })).toMatchObject({ status: 200 });
    await expect.poll(() => said(caller), patience).toContain("Sales, at last.");
    await answered(caller, "Who now?", "You speak with sales.");
    expect(await changes(callId)).toEqual([agentId, "sales"]);
    await caller.leave();
  });

  it("it stays with its agent where the other one cannot go on", { timeout: 120_000 }, async () => {
    const { callId, caller } = await platform.call(undefined, "front");
    const answer = await transfer(callId, { agentId: "cannot" });
    expect(answer).toMatchObject({ status: 422, json: { code: "template-variable-missing" } });
    await answered(caller, "Still there?", "You speak with front.");
    expect(await changes(callId)).toEqual([]);
    expect(await facts(callId, "error-occurred")).toMatchObject([{ source: "transfer" }]);
    const two = await Promise.all([transfer(callId, { agentId: "sales" }), transfer(callId, { agentId: "sales" })]);
    expect(two.map(({ status }) => status).sort()).toEqual([200, 409]);
    await answered(caller, "Who are you?", "You speak with sales.");
    expect(await changes(callId)).toEqual(["sales"]);
    await caller.leave();
  });
});
