import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { applyGain, peak, rms } from "@parley/audio";
import { type Fact, transcriptOf } from "@parley/conversation";
import { readCallFiles } from "@parley/engine";
import type { SimulatedCaller } from "@parley/livekit";
import { pocketSphinxStt } from "@parley/local";
import { decodeRecording, joinSegments } from "@parley/recording";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ofType } from "./support/call-file.ts";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";
import { playedOf, soundEndsMs } from "./support/recording.ts";
import { at24kHz, type WordedSpeech, wordedSpeech } from "./support/worded-speech.ts";

const CONSENT = "yes please";
const QUESTION = "please tell me a long story about the harbour";
const INTERRUPTION = "hold on please i have another question now";
const SECRET = "four five six seven";
const GOODBYE = "thank you and goodbye";
const SHORT = "Ask me anything you like.";
const STORY = [
  "The harbour opens early every morning before sunrise.",
  "Seven wooden boats carry fish towards the northern market.",
];
const RATE_KHZ = 16;
const LOUD_RMS = 300;
/** The agent's voice while somebody speaks over it: -18 dB. */
const DUCKED = 0.126;
/** Of the agent's mouth and of the codec: of a word that had just begun nothing may be heard. */
const FRAME_MS = 60;

const speech = markedSpeech([CONSENT, QUESTION, INTERRUPTION, SECRET, GOODBYE, SHORT]);
let story: WordedSpeech;
let house: House;
beforeAll(async () => {
  story = await wordedSpeech(STORY);
  house = await openHouse({
    agent: "recorded",
    openai: {
      transcribe: ({ samples }) => speech.recognise(samples),
      reply: ({ lastUserText }) => (lastUserText === QUESTION ? STORY.join(" ") : SHORT),
      speak: ({ input }) => (STORY.includes(input) ? at24kHz(input) : speech.speak(input, { sampleRateHz: 24_000 })),
    },
  });
});
afterAll(() => house?.close());

async function logOf(callId: string): Promise<Fact[]> {
  const dir = path.join(house.dataDir, "calls");
  const names = readdirSync(dir).filter((name) => name.startsWith(`${callId}.`) && name.endsWith(".ndjson"));
  return (await readCallFiles(names.sort().map((name) => path.join(dir, name)))).facts;
}

/** Says something, and has heard the answer to its end. */
async function say(caller: SimulatedCaller, words: string): Promise<void> {
  const { endedAt } = await caller.speak(await speech.speak(words), 16_000);
  await caller.onset(endedAt, 20_000);
  await caller.quiet(800);
}

async function type(caller: SimulatedCaller, text: string, until: (facts: readonly Fact[]) => boolean): Promise<void> {
  await caller.sendChat(text);
  await expect.poll(async () => until(await logOf("told")), { timeout: 15_000 }).toBe(true);
}

/** What the agent shows in the room of being recorded. */
function shownBy(caller: SimulatedCaller): string | undefined {
  const [agent] = caller.agents;
  return caller.room.remoteParticipants.get(agent ?? "")?.attributes["parley.recording"];
}

/** What the recogniser of the house makes of it. */
async function wordsIn(samples: Int16Array, phrases: readonly string[]): Promise<string> {
  const stt = pocketSphinxStt();
  const { signal } = new AbortController();
  const utterance = stt.open({ language: "en", phrases, signal }).utterance();
  utterance.push(samples.slice());
  const { text } = await utterance.finish(signal);
  await stt.close?.();
  return text.toLowerCase();
}

it("a call is recorded from the caller's yes on, both sides at their times, over a pause and a killed process", async () => {
  const caller = await house.join("told", undefined, { metadata: { recording: "ask" } });
  await caller.onset(0, 30_000);
  await caller.quiet();
  await say(caller, CONSENT);

  const asked = await caller.speak(await speech.speak(QUESTION), 16_000);
  const startedAt = await caller.onset(asked.endedAt, 20_000);
  const passed = () => (caller.hearing.levels.at(-1)?.at ?? 0) > startedAt + 3_800;
  await caller.until(passed, 25_000, "the middle of the story");
  await say(caller, INTERRUPTION);

  const recording = (facts: readonly Fact[]) => ofType(facts, "recording-changed").at(-1)?.to;
  await type(caller, "do pause", (facts) => recording(facts) === "paused");
  await say(caller, SECRET);
  await type(caller, "do resume", (facts) => recording(facts) === "on");
  await type(caller, "do crash", (facts) => ofType(facts, "listener-ready").some(({ epoch }) => epoch === 2));
  // Whoever is in the room sees it, also of the process that took the call over.
  await caller.until(() => shownBy(caller) === "on", 5_000, "the sign of the recording");
  expect(caller.recordings).toEqual(["asking", "on", "paused", "on"]);
  // A process that has just begun hears in heaps, and tells when speech began by when it heard it.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await say(caller, GOODBYE);
  await caller.leave();
  await expect.poll(async () => (await logOf("told")).at(-1)?.type, { timeout: 20_000 }).toBe("call-closed");

  const facts = await logOf("told");
  const dir = path.join(house.dataDir, "recordings");
  const files = readdirSync(dir).map((name) => readFileSync(path.join(dir, name)));
  expect(readdirSync(dir).sort()).toEqual(["told.1.ogg", "told.2.ogg"]);
  const joined = joinSegments(files);
  const { startMs, callers, agent } = decodeRecording(joined.bytes);
  const piece = (side: Int16Array, fromMs: number, toMs: number) =>
    side.subarray(Math.max(0, (fromMs - startMs) * RATE_KHZ), (toMs - startMs) * RATE_KHZ);
  /** The call's ms at which the sound of this side begins, looked for from `fromMs` on. */
  const onset = (side: Int16Array, fromMs: number): number => {
    for (let ms = Math.round(fromMs); ms < fromMs + 3_000; ms += 10)
      if (rms(piece(side, ms, ms + 10)) > LOUD_RMS) return ms;
    return Number.NaN;
  };

  // Nothing of what was said before he agreed.
  const changes = ofType(facts, "recording-changed").map(({ to, because, at }) => ({ to, because, at }));
  expect(changes.map(({ to, because }) => `${to} ${because}`)).toEqual([
    "asking settings",
    "on agreed",
    "paused requested",
    "on requested",
  ]);
  const [, agreed, paused, resumed] = changes;
  expect(startMs).toBeGreaterThan(agreed!.at - 20);

  // Where the transcript says that something was said, it is; within 200 ms.
  const { turns } = transcriptOf(facts);
  const turnOf = (text: string, nth = 0) => turns.filter((turn) => turn.text.startsWith(text))[nth]!;
  const question = turnOf(QUESTION);
  const off = [
    onset(callers, question.startMs - 400) - question.startMs,
    onset(callers, turnOf(INTERRUPTION).startMs - 400) - turnOf(INTERRUPTION).startMs,
    onset(agent, turnOf("The harbour").startMs - 200) - turnOf("The harbour").startMs,
    onset(agent, turnOf(SHORT).startMs - 200) - turnOf(SHORT).startMs,
    // By the process that took the call over, whose clock goes on from the log.
    onset(callers, turnOf(GOODBYE).startMs - 400) - turnOf(GOODBYE).startMs,
  ];
  console.log(`off by ${off.map(Math.round).join(", ")} ms; gaps ${JSON.stringify(joined.gaps)}`);
  for (const ms of off) expect(Math.abs(ms)).toBeLessThan(200);

  // Each side's words, and only on its side.
  const spoken = [QUESTION, SHORT.toLowerCase().replace(".", "")];
  expect(await wordsIn(piece(callers, question.startMs - 300, question.endMs + 300), spoken)).toContain("story");
  const answer = turnOf(SHORT);
  expect(await wordsIn(piece(agent, answer.startMs - 200, answer.endMs + 300), spoken)).toContain("anything you like");
  expect(rms(piece(agent, question.startMs, question.endMs))).toBeLessThan(30);

  // Of the story as much as was heard, no more.
  const stopped = ofType(facts, "playback-stopped")[0]!;
  const heardStory = piece(agent, turnOf("The harbour").startMs - 300, answer.startMs - 100);
  const { playedMs, likeness } = playedOf(story.samples, heardStory);
  expect(likeness).toBeGreaterThan(0.8);
  const silentFrom = ofType(facts, "playback-paused")[0]?.at ?? stopped.at;
  // Its last was lowered, and what is soft in it is then as silent as a pause between two words.
  const ducked = ofType(facts, "reply-ducked").findLast(({ at }) => at <= silentFrom)?.at ?? silentFrom;
  const told = story.samples.slice();
  const lowered = told.subarray(Math.round((stopped.heardMs - (silentFrom - ducked)) * RATE_KHZ));
  applyGain(lowered, DUCKED, lowered);
  const soundUpTo = (ms: number) => soundEndsMs(told.subarray(0, Math.round(ms * RATE_KHZ)));
  const [least, most] = [soundUpTo(stopped.heardMs - FRAME_MS), soundUpTo(stopped.heardMs + FRAME_MS)];
  console.log(
    `played ${playedMs} ms, told ${Math.round(stopped.heardMs)} ms: the last sound at ${least} to ${most} ms`,
  );
  expect(playedMs).toBeGreaterThan(least - (300 - FRAME_MS));
  expect(playedMs).toBeLessThan(most + (300 - FRAME_MS));
  expect(peak(piece(agent, silentFrom + 60, answer.startMs - 100))).toBeLessThan(200);

  // Silence while it was paused, on both sides.
  for (const side of [callers, agent]) expect(peak(piece(side, paused!.at + 100, resumed!.at - 20))).toBeLessThan(30);
  expect(resumed!.at - paused!.at).toBeGreaterThan(2_000);

  // The process died with no more of it than what was not yet a page.
  expect(joined.gaps).toHaveLength(1);
  const died = ofType(facts, "text-received").find(({ text }) => text === "do crash")!.at - startMs;
  expect(died - joined.gaps[0]!.fromMs).toBeLessThan(2_000);
});
