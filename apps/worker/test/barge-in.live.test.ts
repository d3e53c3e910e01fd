import { historyOf } from "@parley/conversation";
import type { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectWholeLog, ofType } from "./support/call-file.ts";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";
import { playedOf } from "./support/recording.ts";
import { at24kHz, type WordedSpeech, wordedSpeech } from "./support/worded-speech.ts";

const QUESTION = "please tell me a long story about the harbour";
const INTERRUPTION = "hold on please i have another question now";
const BACK_CHANNEL = "okay";
const STORY = [
  "The harbour opens early every morning before sunrise.",
  "Seven wooden boats carry fish towards the northern market.",
  "Children watch heavy cranes lift yellow boxes over water.",
  "Later the captain drinks coffee beside his old lighthouse.",
];
const SHORT = "Of course you can ask me anything you like.";
const STORY_WORDS = STORY.join(" ").split(" ");
/** By then it is in the second sentence. */
const SPEAK_OVER_MS = 5_000;
const QUIETER_DB = 12;
/** Far below a lowered voice, far above what Opus makes of silence. */
const SILENT_RMS = 60;

const speech = markedSpeech([QUESTION, INTERRUPTION, BACK_CHANNEL]);
let story: WordedSpeech;
let house: House;
beforeAll(async () => {
  story = await wordedSpeech(STORY);
  house = await openHouse({
    agent: "repeat",
    openai: {
      transcribe: ({ samples }) => speech.recognise(samples),
      reply: ({ lastUserText }) => (lastUserText === QUESTION ? STORY.join(" ") : SHORT),
      speak: ({ input }) => (STORY.includes(input) ? at24kHz(input) : speechClip(input, { sampleRateHz: 24_000 })),
    },
  });
});
afterAll(() => house?.close());

/** Asks for the story, and says something in the middle of it. Times by performance.now(). */
async function speakOver(caller: SimulatedCaller, words: string) {
  const asked = await caller.speak(await speech.speak(QUESTION), 16_000);
  const startedAt = await caller.onset(asked.endedAt, 20_000);
  const passed = () => (caller.hearing.levels.at(-1)?.at ?? 0) > startedAt + SPEAK_OVER_MS;
  await caller.until(passed, SPEAK_OVER_MS + 20_000, "the middle of the story");
  const spoken = await caller.speak(await speech.speak(words), 16_000);
  return { startedAt, spoken };
}

/** When it had last been as loud as this before `until`. */
function lastLouderThan({ hearing }: SimulatedCaller, level: number, until: number): number {
  return hearing.levels.findLast(({ at, rms }) => at < until && rms > level)?.at ?? 0;
}

/** The middle of what is heard of words in this span. */
function usualLevel({ hearing }: SimulatedCaller, from: number, to: number): number {
  const voiced = hearing.levels.filter(({ at, rms }) => at >= from && at <= to && rms > 500).map(({ rms }) => rms);
  return voiced.sort((a, b) => a - b)[Math.floor(voiced.length / 2)] ?? 0;
}

async function hangUp(callId: string, caller: SimulatedCaller) {
  await caller.leave();
  await expect.poll(() => house.facts(callId).at(-1)?.type, { timeout: 20_000 }).toBe("call-closed");
  const facts = house.facts(callId);
  expectWholeLog(facts, callId);
  return facts;
}

it("falls quiet when the caller interrupts, and remembers what the caller heard, no more", async () => {
  const caller = await house.call("interrupted");
  const { startedAt, spoken } = await speakOver(caller, INTERRUPTION);
  const answered = () => [...caller.transcripts.values()].some(({ text, final }) => final && text === SHORT);
  await caller.until(answered, 30_000, "the answer to the interruption");
  await caller.quiet(900);
  const answeredAt = caller.hearing.onsetAt;

  // An answer begins more softly than its first frame that counts as sound.
  const storyOverAt = answeredAt - 200;
  const quieter = usualLevel(caller, startedAt, spoken.startedAt) * 10 ** (-QUIETER_DB / 20);
  const loweredAt = lastLouderThan(caller, quieter, storyOverAt);
  const silentAt = lastLouderThan(caller, SILENT_RMS, storyOverAt);
  const recording = caller.hearing.samples(startedAt - 300, storyOverAt);
  const { playedMs, likeness } = playedOf(story.samples, recording);
  const heardWords = story.words.filter(({ endMs }) => endMs <= playedMs).length;
  const facts = await hangUp("interrupted", caller);
  const history = historyOf(facts);
  const cut = history.find((message) => message.role === "assistant" && message.interrupted);
  const remembered = cut?.role === "assistant" ? cut.text.split(" ") : [];
  console.log(
    `caller speaks -> agent ${QUIETER_DB} dB quieter ${Math.round(loweredAt - spoken.startedAt)} ms, ` +
      `silent ${Math.round(silentAt - spoken.startedAt)} ms; ${(playedMs / 1000).toFixed(2)} s = ${heardWords} words ` +
      `heard (likeness ${likeness.toFixed(3)}), ${remembered.length} remembered`,
  );

  expect(loweredAt).toBeGreaterThan(spoken.startedAt);
  expect(loweredAt).toBeLessThan(spoken.startedAt + 5_000);
  expect(silentAt).toBeGreaterThanOrEqual(loweredAt);
  expect(silentAt).toBeLessThan(spoken.startedAt + 5_000);
  expect(likeness).toBeGreaterThan(0.8);
  // In the middle, and by the same word on both sides, give or take two.
  expect(heardWords).toBeGreaterThan(5);
  expect(heardWords).toBeLessThan(STORY_WORDS.length - 5);
  expect(remembered).toEqual(STORY_WORDS.slice(0, remembered.length));
  expect(Math.abs(remembered.length - heardWords)).toBeLessThanOrEqual(2);
  expect(history.map(({ role }) => role)).toEqual(["assistant", "user", "assistant", "user", "assistant"]);
  expect(history.at(-1)).toMatchObject({ text: SHORT });
  expect(ofType(facts, "reply-stopped")).toMatchObject([{ reason: "interrupted" }]);

  // The model was told the same.
  const asked = house.openai.requests.findLast(({ endpoint }) => endpoint === "chat")?.fields.messages;
  expect(JSON.stringify(asked)).toContain(`${remembered.join(" ")}"`);
  expect(JSON.stringify(asked)).not.toContain(STORY_WORDS.slice(0, remembered.length + 1).join(" "));
});

it("goes on over a back-channel: the whole answer is heard", async () => {
  const caller = await house.call("encouraged");
  const { startedAt } = await speakOver(caller, BACK_CHANNEL);
  await caller.quiet(1_500, 60_000);
  const { playedMs, likeness } = playedOf(story.samples, caller.hearing.samples(startedAt - 300));
  const facts = await hangUp("encouraged", caller);
  expect(likeness).toBeGreaterThan(0.8);
  expect(Math.abs(playedMs - story.words.at(-1)!.endMs)).toBeLessThan(400);
  // None of it twice, none of it left out.
  const longMs = caller.hearing.lastLoudAt - startedAt;
  expect(longMs).toBeGreaterThan(playedMs - 1_000);
  expect(longMs).toBeLessThan(playedMs + 4_000);

  expect(ofType(facts, "reply-ducked").length).toBeGreaterThan(0);
  expect(ofType(facts, "reply-resumed").length).toBeGreaterThan(0);
  expect(ofType(facts, "reply-stopped")).toEqual([]);
  expect(ofType(facts, "turn-skipped")).toMatchObject([{ reason: "back-channel" }]);
  expect(ofType(facts, "turn-replied")).toHaveLength(1);
  expect(historyOf(facts).map((message) => ("text" in message ? message.text : ""))).toEqual([
    "Hello there.",
    QUESTION,
    STORY.join(" "),
  ]);
});
