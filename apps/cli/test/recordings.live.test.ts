import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { rms } from "@parley/audio";
import { decodeRecording } from "@parley/recording";
import type { StoredFact } from "@parley/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LivePlatform, livePlatform, ROOT_KEY } from "./support/platform.ts";

const patience = { timeout: 30_000, interval: 100 };
let platform: LivePlatform;
beforeAll(async () => {
  platform = await livePlatform({ agentFile: path.resolve(import.meta.dirname, "agents/taped.ts") });
});
afterAll(() => platform?.close());

const tell = (callId: string, action: string) =>
  platform.send("POST", `/api/calls/${callId}/recording`, { body: { action } });
const say = (callId: string, text: string) => platform.send("POST", `/api/calls/${callId}/say`, { body: { text } });

async function facts(callId: string, type: string): Promise<StoredFact[]> {
  return (await platform.store.facts.read(callId, { limit: 1_000 })).facts.filter((fact) => fact.type === type);
}

it("a call that its application wants recorded is paused, goes on, and is at the server once it is over", async () => {
  const { callId, caller } = await platform.call(undefined, "taped", { recording: "on" });
  // Some of it is there while the call goes on: a machine that is lost takes seconds with it.
  const list = async () => (await platform.send("GET", `/api/recordings?callId=${callId}`)).json.recordings;
  // Its log may be on its way to the server still.
  await expect.poll(async () => (await tell(callId, "pause")).json, patience).toEqual({ recording: "paused" });
  expect((await tell(callId, "pause")).json).toEqual({ recording: "paused" });
  const silentFrom = caller.hearing.lastLoudAt;
  await say(callId, "Four five six seven.");
  await caller.onset(silentFrom);
  await caller.quiet();
  expect((await tell(callId, "resume")).json).toEqual({ recording: "on" });
  const loudFrom = caller.hearing.lastLoudAt;
  await say(callId, "Thank you.");
  await caller.onset(loudFrom);
  await caller.quiet();
  await expect.poll(async () => (await list())[0]?.status, patience).toBe("receiving");
  await platform.send("POST", `/api/calls/${callId}/hang-up`, { body: {} });
  await expect.poll(async () => (await list())[0]?.status, patience).toBe("ready");

  const [{ recordingId, startMs, durationMs }] = await list();
  const response = await fetch(`${platform.server.url}/api/recordings/${recordingId}/audio`, {
    headers: { authorization: `Bearer ${ROOT_KEY}` },
  });
  const sound = decodeRecording(new Uint8Array(await response.arrayBuffer()));
  expect(sound.startMs).toBe(startMs);
  expect(sound.agent.length / 16).toBeCloseTo(durationMs, -2);
  const level = (fromMs: number, toMs: number) =>
    rms(sound.agent.subarray((fromMs - startMs) * 16, (toMs - startMs) * 16));
  const [, paused, resumed] = (await facts(callId, "recording-changed")).map(({ at }) => at);
  const [greeted, secret, thanked] = (await facts(callId, "playback-started")).map(({ at }) => at);
  expect(secret).toBeGreaterThan(paused!);
  expect(level(greeted! + 100, greeted! + 300)).toBeGreaterThan(500);
  expect(level(paused! + 100, resumed! - 100)).toBeLessThan(5);
  expect(level(thanked! + 100, thanked! + 300)).toBeGreaterThan(500);
  const dir = path.join(platform.workerDataDir, "recordings");
  await expect.poll(() => existsSync(dir) && readdirSync(dir), patience).toEqual([]);
});

it("a call that nobody wanted recorded is not, until somebody does", async () => {
  const { callId } = await platform.call(undefined, "taped");
  await expect.poll(async () => (await tell(callId, "pause")).json, patience).toMatchObject({ code: "not-recording" });
  expect(await tell(callId, "rewind")).toMatchObject({ status: 400 });
  expect((await tell(callId, "start")).json).toEqual({ recording: "on" });
  expect((await tell(callId, "stop")).json).toEqual({ recording: "off" });
  await expect
    .poll(() => facts(callId, "recording-requested"), patience)
    .toMatchObject([{ action: "start", by: expect.any(String) }, { action: "stop" }]);
  const forbidden = await platform.call(undefined, "taped", { recording: "off" });
  const refused = { status: 409, code: "recording-off" };
  await expect.poll(async () => (await tell(forbidden.callId, "start")).json, patience).toMatchObject(refused);
});
