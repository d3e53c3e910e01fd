import { afterAll, beforeAll, expect, it } from "vitest";
import { type LivePlatform, livePlatform } from "./support/platform.ts";

const patience = { timeout: 15_000, interval: 100 };
let platform: LivePlatform;
beforeAll(async () => {
  platform = await livePlatform();
});
afterAll(() => platform?.close());

const get = async (url: string, key: string) => (await platform.send("GET", `/api/conversations${url}`, { key })).json;
const idsOf = ({ conversations }: { conversations: { callId: string }[] }) => conversations.map(({ callId }) => callId);

async function tenant(tenantId: string, settings: object = {}): Promise<string> {
  await platform.send("POST", "/api/tenants", { body: { tenantId, name: tenantId, settings } });
  return platform.keyFor(["calls:write"], tenantId);
}

/** Somebody types, is answered, and the call is ended. */
async function talk(key: string, text: string): Promise<string> {
  const { callId, caller } = await platform.call(key);
  await caller.sendChat(text);
  const answered = () => [...caller.transcripts.values()].some((said) => said.final && /nine/.test(said.text));
  await caller.until(answered, 20_000, "the answer");
  await caller.quiet();
  await platform.send("POST", `/api/calls/${callId}/hang-up`, { key, body: {} });
  await expect.poll(async () => (await platform.store.calls.get(callId))?.status, patience).toBe("ended");
  return callId;
}

it("a call is read, exported and found by what was said, by its tenant alone", async () => {
  const [mine, theirs] = [await tenant("mine"), await tenant("theirs")];
  const from = new Date().toISOString();
  const callId = await talk(mine, "Do you sell blue lanterns? Call 555 0100 or ann@example.com.");
  const read = await get(`/${callId}`, mine);
  expect(read).toMatchObject({
    conversation: { callId, status: "ended", agent: "echo", tenantId: "mine", endReason: "ended-by-api" },
    turns: [
      { speaker: "agent", participantId: null, text: "Hello there." },
      { speaker: "user", text: "Do you sell blue lanterns? Call 555 0100 or ann@example.com." },
      { speaker: "agent", text: "We open at nine.", interrupted: false },
    ],
    tools: [],
    redacted: false,
    truncated: false,
  });
  expect(read.turns[2].startMs).toBeGreaterThan(read.turns[1].startMs);

  for (const q of ["lanterns", "LANTERNS blue", '"blue lanterns"', "lanterns -red", "nine"])
    await expect.poll(async () => idsOf(await get(`?q=${encodeURIComponent(q)}`, mine)), patience).toEqual([callId]);
  for (const q of ["red", '"lanterns blue"', "lanterns -nine", "!!! (", "%27 or true"])
    expect([q, idsOf(await get(`?q=${encodeURIComponent(q)}`, mine))]).toEqual([q, []]);
  const found = await get(`?q=lanterns&from=${from}&agent=echo&status=ended`, mine);
  expect([idsOf(found), found.searchedUntil]).toEqual([[callId], expect.any(String)]);
  expect(idsOf(await get(`?q=lanterns&until=${from}`, mine))).toEqual([]);
  expect(idsOf(await get("?caller=nobody", mine))).toEqual([]);

  expect(idsOf(await get("", theirs))).toEqual([]);
  expect(idsOf(await get("?q=lanterns", theirs))).toEqual([]);
  for (const url of [`/${callId}`, `/${callId}/export`])
    expect(await get(url, theirs)).toMatchObject({ status: 404, code: "call-not-found" });

  const txt = await platform.send("GET", `/api/conversations/${callId}/export?format=txt`, { key: mine });
  expect(txt.json).toMatch(
    /^\[00:00:\d\d\.\d{3}\] agent: Hello there\.\n.*blue lanterns.*\n.*agent: We open at nine\.\n$/,
  );
  expect(txt.headers.get("content-disposition")).toContain(`${callId}.txt`);
  const vtt = await platform.send("GET", `/api/conversations/${callId}/export?format=vtt`, { key: mine });
  expect([vtt.json, vtt.headers.get("content-type")]).toEqual([
    expect.stringMatching(/^WEBVTT\n\n00:00:/),
    expect.stringContaining("text/vtt"),
  ]);
});

it("a tenant that wants it so sees and finds no numbers and no e-mail addresses", async () => {
  const key = await tenant("discreet", { redactTranscripts: true });
  const callId = await talk(key, "I want two lamps. Call 555 0100 or write to ann@example.com.");
  await expect.poll(async () => idsOf(await get("?q=lamps", key)), patience).toEqual([callId]);
  for (const q of ["0100", "ann@example.com", "555"]) expect([q, idsOf(await get(`?q=${q}`, key))]).toEqual([q, []]);
  const read = await get(`/${callId}`, key);
  expect([read.redacted, read.turns[1].text]).toEqual([true, "I want two lamps. Call [number] or write to [e-mail]."]);
  for (const format of ["json", "txt", "csv", "vtt"]) {
    const { json } = await platform.send("GET", `/api/conversations/${callId}/export?format=${format}`, { key });
    const file = JSON.stringify(json);
    expect([format, file.includes("lamps"), /0100|ann@/.test(file)]).toEqual([format, true, false]);
  }
});

it("while a call goes on its transcript grows, and it is found by what was said in it so far", async () => {
  const key = await tenant("growing", { redactTranscripts: true });
  const { callId, caller } = await platform.call(key);
  expect(await get(`/${callId}`, key)).toMatchObject({
    conversation: { status: "live", endedAt: null, durationMs: null },
    turns: [{ text: "Hello there." }],
  });
  await caller.sendChat("Are there umbrellas? Call 555 0100.");
  await expect.poll(async () => (await get(`/${callId}`, key)).turns.length, patience).toBe(3);
  await expect.poll(async () => idsOf(await get("?q=umbrellas+nine", key)), { timeout: 5_000 }).toEqual([callId]);
  expect(idsOf(await get("?q=umbrellas", await tenant("curious")))).toEqual([]);
  expect(idsOf(await get("?q=0100", key))).toEqual([]);
  await caller.sendChat("And parasols?");
  await expect.poll(async () => idsOf(await get("?q=umbrellas+parasols", key)), { timeout: 5_000 }).toEqual([callId]);
  expect(idsOf(await get("?status=live", key))).toEqual([callId]);
  await caller.leave();
  await expect.poll(async () => idsOf(await get("?status=ended", key)), patience).toEqual([callId]);
  await expect.poll(async () => idsOf(await get("?q=umbrellas", key)), patience).toEqual([callId]);
});
