import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { SimulatedCaller } from "@parley/livekit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LivePlatform, livePlatform } from "./support/platform.ts";

const patience = { timeout: 15_000, interval: 50 };
let platform: LivePlatform;
let hook: Server;
// biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
const told: any[] = [];
let answer: (body: { type: string; from: string | null }) => object = () => ({});

beforeAll(async () => {
  hook = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text);
    told.push(body);
    response.end(JSON.stringify(answer(body)));
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  platform = await livePlatform({ agentFile: path.join(import.meta.dirname, "agents/remembering.ts") });
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/parley`;
  expect((await platform.send("PUT", "/api/hook", { body: { url } })).status).toBe(201);
});
afterAll(async () => {
  await platform?.close();
  hook?.close();
});

const contextOf = async (userId: string) => (await platform.send("GET", `/api/contexts/${userId}`)).json.context;

it("a backend tells who calls before the greeting, hears how it went, and the next call knows it", async () => {
  answer = ({ type }) =>
    type === "call.start" ? { context: { name: "Ann" }, metadata: { order: 7 } } : { context: { calls: 1 } };
  const { callId, caller } = await platform.call(undefined, "remembering", { userId: "ann" });
  expect([...caller.transcripts.values()].map(({ text }) => text)).toContain("Hello Ann.");
  await caller.sendChat("Send it to the office.");
  await expect.poll(() => contextOf("ann"), patience).toEqual({ words: "Send it to the office.", order: 7 });
  await caller.leave();
  await expect.poll(async () => (await contextOf("ann")).calls, patience).toBe(1);
  expect(told.filter((one) => one.callId === callId)).toMatchObject([
    { type: "call.start", userId: "ann", context: null, metadata: { userId: "ann" } },
    {
      type: "call.ended",
      ...{ userId: "ann", outcome: "served", endReason: "participant-left" },
      transcript: expect.arrayContaining([expect.objectContaining({ speaker: "agent", text: "Hello Ann." })]),
    },
  ]);
});

it("a call that the backend refuses hears why, and ends", async () => {
  answer = ({ type }) => (type === "call.start" ? { refuse: { reason: "blocked", say: "Hello. Nobody is in." } } : {});
  const made = await platform.send("POST", "/livekit/create-room", {
    body: { participantName: "Bo", agentId: "remembering", metadata: { userId: "bo" } },
  });
  const caller = await SimulatedCaller.join({ url: made.json.serverUrl, token: made.json.accessToken });
  const ended = () => told.find(({ type, userId }) => type === "call.ended" && userId === "bo");
  await expect.poll(ended, patience).toMatchObject({
    ...{ endReason: "refused:blocked", outcome: "refused" },
    transcript: [{ speaker: "agent", text: "Hello. Nobody is in.", interrupted: false }],
  });
  expect(caller.hearing.lastLoudAt).toBeGreaterThan(0);
  await caller.leave();
});
