import type { Fact } from "@parley/conversation";
import type { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";

const HOURS = "what time do you open on friday";
const TABLE = "is there a table for four tonight";
const CLIP_RATE_HZ = 16_000;
const patience = { timeout: 20_000, interval: 50 };

const speech = markedSpeech([HOURS, TABLE]);
/** What the model was asked last. */
let asked: { system: string; said: string } = { system: "", said: "" };
let house: House;
beforeAll(async () => {
  house = await openHouse({
    agent: "repeat",
    openai: {
      transcribe: ({ samples }) => speech.recognise(samples),
      reply: ({ lastUserText, messages }) => {
        asked = { system: JSON.stringify(messages[0]), said: lastUserText };
        return `Thank you. ${lastUserText.split(":").at(-1)}`;
      },
      speak: async ({ input }) => await speechClip(input, { sampleRateHz: 24_000 }),
    },
  });
});
afterAll(() => house?.close());

async function says(who: SimulatedCaller, text: string): Promise<void> {
  const before = who.hearing.lastLoudAt;
  await who.speak(await speech.speak(text), CLIP_RATE_HZ);
  await who.onset(before);
  await who.quiet();
}

/** The final words that somebody in the room reads, as `speaker: text`. */
const read = (by: SimulatedCaller, speaker: SimulatedCaller): string[] =>
  [...by.transcripts.values()]
    .filter(({ final, participantId }) => final && participantId === speaker.identity)
    .map(({ text }) => text.trim());

it("hears everybody in a room, shows everybody who said what, and the model knows who speaks", async () => {
  const ann = await house.call("conference");
  const bob = await house.join("conference", "bob");
  const lea = await house.join("conference", "lea");
  await bob.until(() => bob.agents.length > 0, 10_000);

  await says(ann, HOURS);
  expect(asked.said).toBe(HOURS);
  expect(asked.system).not.toContain("Several people");

  await says(bob, TABLE);
  expect(asked.said).toBe(`bob: ${TABLE}`);
  expect(asked.system).toContain("Several people are in this conversation");

  // Whoever listens reads both, each under the name of who said it.
  for (const reader of [ann, bob, lea]) {
    await expect.poll(() => read(reader, ann), patience).toEqual([HOURS]);
    await expect.poll(() => read(reader, bob), patience).toEqual([TABLE]);
    expect(read(reader, lea)).toEqual([]);
  }
  const committed = house
    .facts("conference")
    .filter((fact): fact is Extract<Fact, { type: "turn-committed" }> => fact.type === "turn-committed");
  expect(committed.map(({ participantId, text }) => [participantId, text])).toEqual([
    [ann.identity, HOURS],
    ["bob", TABLE],
  ]);
});
