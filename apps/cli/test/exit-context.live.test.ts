import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { readCallFiles } from "@parley/engine";
import type { StoredFact } from "@parley/store";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type CutLine, cutLine } from "./support/cut-line.ts";
import { type LivePlatform, livePlatform } from "./support/platform.ts";

const patience = { timeout: 25_000, interval: 50 };
let line: CutLine;
let platform: LivePlatform;

beforeAll(async () => {
  line = await cutLine();
  platform = await livePlatform({
    agentFile: path.join(import.meta.dirname, "agents/parting.ts"),
    settings: { BACKEND_URL: line.url },
  });
  line.lead(platform.server.url);
  const body = { participantName: "Nobody", agentId: "parting" };
  const known = async () =>
    expect((await platform.send("POST", "/livekit/create-room", { body })).status).toBeLessThan(300);
  await vi.waitFor(known, patience);
});
afterAll(async () => {
  await platform?.close();
  line?.close();
});

const contextOf = async (userId: string) => (await platform.send("GET", `/api/contexts/${userId}`)).json.context;
const factsOf = async (callId: string): Promise<readonly StoredFact[]> =>
  (await platform.store.facts.read(callId, { limit: 1_000 })).facts;
const count = (facts: readonly { type: string }[], type: string) => facts.filter((fact) => fact.type === type).length;

async function callAndLeave(userId: string, metadata: object = {}): Promise<string> {
  const { callId, caller } = await platform.call(undefined, "parting", { userId, ...metadata });
  await caller.leave();
  return callId;
}

/** What the worker's own file says; it is removed when the server has it. */
async function lastInFile(callId: string): Promise<string | undefined> {
  const dir = path.join(platform.workerDataDir, "calls");
  const names = readdirSync(dir).filter((name) => name.startsWith(`${callId}.`) && name.endsWith(".ndjson"));
  return (await readCallFiles(names.map((name) => path.join(dir, name)))).facts.at(-1)?.type;
}

it("what onExit learns is known at the next call", async () => {
  await callAndLeave("cy");
  await expect.poll(() => contextOf("cy"), patience).toEqual({ calls: 1, lastEnd: "participant-left" });
  await callAndLeave("cy");
  await expect.poll(async () => (await contextOf("cy")).calls, patience).toBe(2);
});

it("once, when its process dies over it and another ends the call", async () => {
  const diesAt = path.join(platform.workerDataDir, "died-here");
  const callId = await callAndLeave("di", { diesAt });
  await expect.poll(() => contextOf("di"), patience).toEqual({ calls: 1, lastEnd: "participant-left" });
  expect(existsSync(diesAt)).toBe(true);
  await expect
    .poll(async () => (await factsOf(callId)).at(-1), patience)
    .toMatchObject({ type: "call-closed", epoch: 2 });
  const facts = await factsOf(callId);
  expect([count(facts, "context-updated"), count(facts, "exit-requested")]).toEqual([1, 2]);
});

it("later, when the worker's line to the server is down just then", async () => {
  const { callId, caller } = await platform.call(undefined, "parting", { userId: "eve" });
  line.lead(null);
  await caller.leave();
  await expect.poll(() => lastInFile(callId), patience).toBe("call-closed");
  expect(await contextOf("eve")).toBeUndefined();
  line.lead(platform.server.url);
  await expect.poll(() => contextOf("eve"), patience).toEqual({ calls: 1, lastEnd: "participant-left" });
  expect(count(await factsOf(callId), "context-updated")).toBe(1);
});
