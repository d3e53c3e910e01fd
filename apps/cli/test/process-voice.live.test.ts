import path from "node:path";
import { decodeWav, encodeWav, resample } from "@parley/audio";
import { pocketSphinxStt } from "@parley/local";
import { mp3Of, speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LivePlatform, livePlatform } from "./support/platform.ts";

const patience = { timeout: 15_000, interval: 50 };
const agentId = "receptionist";
let platform: LivePlatform;
/** A question, as MP3. */
let audio_data: string;
beforeAll(async () => {
  const question = await speechClip("When are you open?");
  audio_data = Buffer.from(mp3Of(question, 16_000)).toString("base64");
  const agentFile = path.resolve(import.meta.dirname, "../../../examples/receptionist.ts");
  platform = await livePlatform({ agentFile });
});
afterAll(() => platform?.close());

const ask = (body: object, key?: string) =>
  platform.send("POST", "/livekit/process-voice", { body, ...(key === undefined ? {} : { key }) });

async function spoken(text: string): Promise<string> {
  return Buffer.from(encodeWav(await speechClip(text), 16_000)).toString("base64");
}

async function facts(callId: string, type: string) {
  return (await platform.store.facts.read(callId, { limit: 1_000 })).facts.filter((fact) => fact.type === type);
}

/** What the recogniser makes of a reply: it was told the words of the house, not these sentences. */
async function heardAgain(wav: string): Promise<string> {
  const { samples, sampleRateHz } = decodeWav(Buffer.from(wav, "base64"));
  const stt = pocketSphinxStt();
  const { signal } = new AbortController();
  const utterance = stt.open({ language: "en", phrases: ["we are open", "we are closed"], signal }).utterance();
  utterance.push(resample(samples, sampleRateHz, 16_000));
  const { text } = await utterance.finish(signal);
  await stt.close?.();
  return text;
}

it("a question is heard, answered aloud, and remembered in the next turn; whichever form its sound has", async () => {
  await platform.send("POST", "/api/tenants", { body: { tenantId: "acme", name: "Acme" } });
  const key = await platform.keyFor(["calls:write"], "acme");
  const first = await ask({ audio_data: await spoken("I would like to book a table."), agentId }, key);
  expect([first.status, first.json.code]).toEqual([200, undefined]);
  expect(first.json.transcript).toMatch(/book a table/i);
  expect(first.json.intent).toBeNull();
  const { session_id } = first.json;

  const second = await ask({ audio_data: await spoken("For four people."), session_id }, key);
  expect(second.json.transcript).toMatch(/four/i);
  // It asks for what is still missing: it knows that a table is wanted, and for how many.
  expect(second.json.reply_text).toMatch(/when|what (day|time)|which day/i);
  expect(second.json.session_id).toBe(session_id);

  const mp3 = await ask({ audio_data, agentId }, key);
  expect(mp3.json.transcript).toMatch(/when are you open/i);
  expect(mp3.json.reply_text).toMatch(/open|closed/i);
  expect(await heardAgain(mp3.json.audio_data)).toMatch(/open|closed/i);

  // It is a call as any other.
  await expect.poll(() => facts(session_id, "turn-replied"), patience).toHaveLength(2);
  const read = await platform.send("GET", `/api/conversations/${session_id}`);
  expect(read.json.turns.map(({ speaker }: { speaker: string }) => speaker)).toEqual([
    "user",
    "agent",
    "user",
    "agent",
  ]);

  // Another tenant's is none, and so is one that never was, or a call that is no session.
  await platform.send("POST", "/api/tenants", { body: { tenantId: "other", name: "Other" } });
  const theirs = await platform.keyFor(["calls:write"], "other");
  for (const answer of [
    await ask({ audio_data, session_id }, theirs),
    await ask({ audio_data, session_id: "nobody" }, key),
  ])
    expect([answer.status, answer.json.code]).toEqual([404, "session-not-found"]);

  await platform.send("POST", `/api/calls/${session_id}/hang-up`, { body: {} });
  await expect.poll(async () => (await platform.store.calls.get(session_id))?.status, patience).toBe("ended");
  const late = await ask({ audio_data, session_id }, key);
  expect([late.status, late.json.code]).toEqual([409, "session-over"]);
});

it("two turns of one session at once are one after the other, by whoever asks", async () => {
  const { session_id } = (await ask({ audio_data, agentId })).json;
  const both = await Promise.all([1, 2].map(() => ask({ audio_data, session_id })));
  expect(both.map(({ status, json }) => json.code ?? status).sort()).toEqual([200, "turn-in-progress"]);
});

it("a session outlives the process that ran it", async () => {
  const { session_id } = (await ask({ audio_data: await spoken("I would like to book a table."), agentId })).json;
  const health = await fetch(`http://127.0.0.1:${platform.worker.port}/readyz`);
  for (const { pid } of ((await health.json()) as { shards: { pid: number }[] }).shards) process.kill(pid, "SIGKILL");
  // Who asks a process that dies of it learns just that, and asks again.
  const audio_data = await spoken("For four people.");
  let next = await ask({ audio_data, session_id });
  for (let n = 0; n < 5 && next.status === 503; n += 1) next = await ask({ audio_data, session_id });
  expect([next.status, next.json.code]).toEqual([200, undefined]);
  expect(next.json.reply_text).toMatch(/when|what (day|time)|which day/i);
  await expect.poll(() => facts(session_id, "call-recovered"), patience).toHaveLength(1);
});

it("a room's call hears it as one of its people, and answers aloud", async () => {
  const { room, caller, callId } = await platform.call(undefined, agentId);
  const silentFrom = caller.hearing.lastLoudAt;
  const answer = await ask({ audio_data, room_name: room });
  expect(answer.json).toMatchObject({ session_id: callId, transcript: expect.stringMatching(/open/i) });
  await caller.onset(silentFrom);
  const joined = await facts(callId, "participant-joined");
  expect(joined).toContainEqual(expect.objectContaining({ participantId: "api:root" }));
  // A sound in place of its voice: played as one of its replies, over which a caller may speak as well.
  await platform.send("POST", `/api/calls/${callId}/interrupt`, { body: {} });
  await caller.quiet();
  const from = caller.hearing.lastLoudAt;
  const say = (body: object) => platform.send("POST", `/api/calls/${callId}/say`, { body });
  expect(await say({ audio_data, text: "When are you open?" })).toMatchObject({ status: 200 });
  await caller.onset(from);
  expect(await say({ audio_data: "Z2FyYmFnZQ==" })).toMatchObject({
    status: 422,
    json: { code: "sound-not-understood" },
  });
  expect(await say({})).toMatchObject({ status: 400 });
  const finished = async () => (await facts(callId, "reply-finished")).at(-1)?.heardMs;
  await expect.poll(finished, patience).toSatisfy((ms: number) => ms > 1_200 && ms < 1_700);

  await platform.send("POST", "/api/tenants", { body: { tenantId: "third", name: "Third" } });
  const theirs = await platform.keyFor(["calls:write"], "third");
  expect((await ask({ audio_data, room_name: room }, theirs)).json).toMatchObject({ status: 404 });
});

it("what cannot be used is refused before anybody is bothered", async () => {
  const calls = async () => (await platform.store.calls.list()).calls.length;
  const before = await calls();
  const refused = async (body: object) => {
    const { status, json } = await ask(body);
    return [status, json.code];
  };
  expect(await refused({ audio_data: "Z2FyYmFnZQ==" })).toEqual([422, "sound-not-understood"]);
  expect(await refused({ audio_data: "A".repeat(12_000_000) })).toEqual([413, "ctp-body-too-large"]);
  expect(await refused({ audio_data, agentId: "nobody" })).toEqual([404, "agent-not-found"]);
  expect(await refused({ audio_data, session_id: "a", room_name: "b" })).toEqual([400, "request-invalid"]);
  expect(await refused({ audio_data, room_name: "nowhere" })).toEqual([404, "call-not-found"]);
  expect(await calls()).toBe(before);
});

it("parcels are for workers", async () => {
  for (const key of [null, "the-root-key-of-this-test"])
    expect((await platform.send("GET", "/uplink/parcels/x", { key })).status).toBe(401);
  const parcelId = await platform.store.parcels.put("c", null);
  const key = "the-worker-key-of-this-test";
  expect((await platform.send("GET", `/uplink/parcels/${parcelId}`, { key })).status).toBe(404);
  expect(await platform.store.parcels.fill(parcelId, Buffer.from("once"))).toBe(true);
  expect(await platform.store.parcels.fill(parcelId, Buffer.from("twice"))).toBe(false);
  expect(await platform.send("GET", `/uplink/parcels/${parcelId}`, { key })).toMatchObject({
    status: 200,
    json: "once",
  });
});
