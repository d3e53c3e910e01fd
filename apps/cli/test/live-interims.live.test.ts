import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type LivePlatform, livePlatform, ROOT_KEY } from "./support/platform.ts";

const patience = { timeout: 15_000, interval: 50 };
let platform: LivePlatform;
beforeAll(async () => {
  platform = await livePlatform({ agentFile: path.join(import.meta.dirname, "agents/interim.ts") });
});
afterAll(() => platform?.close());

it("who watches a call sees what is being understood, before the transcript, and none of it is stored", async () => {
  const { callId, caller } = await platform.call(undefined, "interim");
  const seen: { type: string; text?: string; turnId?: string }[] = [];
  const url = `${platform.server.url.replace("http", "ws")}/api/calls/${callId}/live`;
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${ROOT_KEY}` } });
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    seen.push(...(message.type === "facts" ? message.facts : [message]));
  });
  const events = await fetch(`${platform.server.url}/api/calls/${callId}/events`, {
    headers: { authorization: `Bearer ${ROOT_KEY}` },
  });
  await expect.poll(() => seen.some(({ type }) => type === "live"), patience).toBe(true);
  const rateHz = 16_000;
  const tone = Int16Array.from({ length: 1.5 * rateHz }, (_, n) => 12_000 * Math.sin((n * 2 * Math.PI * 300) / rateHz));
  await caller.speak(tone, rateHz);
  await expect.poll(() => seen.map(({ type }) => type), patience).toContain("transcript-final");
  const interims = seen.filter(({ type }) => type === "interim");
  expect(interims.map(({ text }) => text)).toEqual(["what", "what time do"]);
  const types = seen.map(({ type }) => type);
  expect(types.indexOf("interim")).toBeLessThan(types.indexOf("transcript-final"));
  expect(interims[0]).toMatchObject({
    turnId: seen.find(({ type }) => type === "transcript-final")?.turnId,
    segment: 0,
  });
  await platform.send("POST", `/api/calls/${callId}/hang-up`, { body: {} });
  expect(await events.text()).toMatch(/event: interim\ndata: \{"participantId":.*"text":"what"\}\n\n/);
  const { facts } = await platform.store.facts.read(callId, { limit: 1_000 });
  expect(facts.map(({ type }) => type)).not.toContain("transcript-interim");
  socket.terminate();
});
