import type { Fact } from "@parley/conversation";
import type { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";

const STORY = "Once there was a harbour full of boats and all of them were blue. ".repeat(4).trim();
const QUESTION = "what time do you open on friday";
const CLIP_RATE_HZ = 16_000;
const patience = { timeout: 20_000, interval: 50 };

const speech = markedSpeech([QUESTION]);
let house: House;
beforeAll(async () => {
  house = await openHouse({
    agent: "repeat",
    openai: {
      transcribe: ({ samples }) => speech.recognise(samples),
      reply: ({ lastUserText }) => `You said: ${lastUserText}`,
      speak: async ({ input }) => await speechClip(input, { sampleRateHz: 24_000 }),
    },
  });
});
afterAll(() => house?.close());

function order(who: SimulatedCaller, method: string, payload: object): Promise<unknown> {
  const [agent = ""] = who.agents;
  return who.room
    .localParticipant!.performRpc({
      destinationIdentity: agent,
      method: `parley.${method}`,
      payload: JSON.stringify(payload),
    })
    .then(JSON.parse);
}

function facts<T extends Fact["type"]>(callId: string, type: T): Extract<Fact, { type: T }>[] {
  return house.facts(callId).filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
}

it("lets whom his token permits say, interrupt, mute and change the language", async () => {
  const caller = await house.call("directed");
  const boss = await house.join("directed", "boss", { control: ["say", "interrupt", "mute", "setLanguage"] });
  const by = "participant:boss";
  await boss.until(() => boss.agents.length > 0, 10_000);

  // Says, and is cut off.
  expect(await order(boss, "say", { text: STORY })).toEqual({ accepted: true });
  const saidAt = await caller.onset(caller.hearing.lastLoudAt);
  expect(await order(boss, "interrupt", {})).toEqual({ interrupted: true });
  expect((await caller.quiet()) - saidAt).toBeLessThan(8_000);
  expect(facts("directed", "say-requested")).toMatchObject([{ text: STORY, by, interruptible: true }]);
  expect(facts("directed", "interrupt-requested")).toMatchObject([{ by }]);
  expect(facts("directed", "reply-stopped")).toMatchObject([{ reason: "requested" }]);

  // Muted in the middle of a sentence: silent, and what is said meanwhile is heard, remembered and not answered.
  await order(boss, "say", { text: STORY });
  await caller.onset(caller.hearing.lastLoudAt);
  expect(await order(boss, "mute", { muted: true })).toEqual({ muted: true });
  await caller.quiet();
  const silentFrom = caller.hearing.lastLoudAt;
  await caller.speak(await speech.speak(QUESTION), CLIP_RATE_HZ);
  await expect.poll(() => facts("directed", "turn-skipped"), patience).toMatchObject([{ reason: "muted" }]);
  expect(facts("directed", "turn-committed")).toMatchObject([{ text: QUESTION }]);
  await expect(order(boss, "say", { text: "Hello?" })).rejects.toMatchObject({
    code: 409,
    data: '{"code":"agent-muted"}',
  });
  expect(caller.hearing.lastLoudAt).toBe(silentFrom);

  // In another language, and with its voice again.
  expect(await order(boss, "setLanguage", { language: "DE-de" })).toEqual({ language: "de-DE" });
  expect(await order(boss, "mute", { muted: false })).toEqual({ muted: false });
  await caller.speak(await speech.speak(QUESTION), CLIP_RATE_HZ);
  await caller.onset(silentFrom);
  await caller.quiet();
  expect(facts("directed", "mute-changed")).toMatchObject([
    { muted: true, by },
    { muted: false, by },
  ]);
  expect(facts("directed", "language-changed")).toMatchObject([{ language: "de-DE", by }]);
  expect(facts("directed", "turn-replied")).toHaveLength(1);
  const asked = house.openai.requests.filter(({ endpoint }) => endpoint === "transcriptions");
  expect(JSON.stringify(asked.map(({ fields }) => fields))).toMatch(/"en".*"de"/);
  const chats = house.openai.requests.filter(({ endpoint }) => endpoint === "chat");
  expect(JSON.stringify(chats[0]?.fields).split(QUESTION)).toHaveLength(3);
});

it("refuses who is not permitted, and nothing changes", async () => {
  const caller = await house.call("undirected");
  const before = house.facts("undirected").length;
  for (const [method, payload] of [
    ["say", { text: "Your account is closed." }],
    ["interrupt", {}],
    ["mute", { muted: true }],
    ["setLanguage", { language: "de" }],
  ] as const)
    await expect(order(caller, method, payload)).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining(`parley.${method}`),
    });
  const types = house
    .facts("undirected")
    .slice(before)
    .map(({ type }) => type);
  expect(types.filter((type) => /requested|changed/.test(type))).toEqual([]);

  const silentFrom = caller.hearing.lastLoudAt;
  await caller.sendChat("Are you there?");
  await caller.onset(silentFrom);
  await caller.quiet();
  expect(facts("undirected", "turn-replied")).toHaveLength(1);
});
