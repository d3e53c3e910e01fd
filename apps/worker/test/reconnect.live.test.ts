import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ask } from "./support/ask.ts";
import { expectWholeLog, ofType } from "./support/call-file.ts";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";

const BEFORE = "what time do you open on friday";
const AFTER = "how much does the small one cost";
const GRACE_MS = 10_000;
const IDENTITY = "ann";

const speech = markedSpeech([BEFORE, AFTER]);
const children: ChildProcess[] = [];
let house: House;
beforeAll(async () => {
  house = await openHouse({
    agent: "repeat",
    settings: { GRACE_MS: String(GRACE_MS) },
    openai: {
      transcribe: ({ samples }) => speech.recognise(samples),
      reply: ({ lastUserText }) => lastUserText,
      speak: async ({ input }) => await speech.speak(input, { sampleRateHz: 24_000 }),
    },
  });
  for (const line of [BEFORE, AFTER]) await speechClip(line);
});
afterAll(() => house?.close());
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

const greetings = (callId: string) =>
  ofType(house.facts(callId), "reply-requested").filter(({ cause }) => cause.kind === "greeting").length;
const committed = (callId: string) => ofType(house.facts(callId), "turn-committed").map(({ text }) => text);

/** Hears nothing but silence of its own accord, asks, and is answered in the call that it had left. */
async function goesOn(callId: string, caller: SimulatedCaller): Promise<void> {
  await caller.until(() => caller.agents.length === 1, 20_000, "the agent's being there");
  const { endedAt } = await caller.speak(new Int16Array(16_000 * 3), 16_000);
  expect(caller.hearing.loudMs(0, endedAt)).toBe(0);
  expect(await ask(caller, await speech.speak(AFTER), speech)).toMatchObject({ text: AFTER });
  expect(committed(callId).at(-1)).toBe(AFTER);
  expect(greetings(callId)).toBe(1);
  expect(house.callFiles().filter((name) => name.startsWith(callId))).toEqual([`${callId}.1.ndjson`]);
}

/** Nobody comes back: the call ends by itself, and its slot is free. */
async function ends(callId: string, caller: SimulatedCaller): Promise<void> {
  await caller.leave();
  await expect.poll(() => house.facts(callId).at(-1)?.type, { timeout: GRACE_MS + 20_000 }).toBe("call-closed");
  const facts = house.facts(callId);
  expectWholeLog(facts, callId);
  expect(facts.at(-1)).toMatchObject({ reason: "participant-left" });
  const slots = async () => (await house.worker.health("/readyz")).body.slots.taken;
  await expect.poll(slots, { timeout: 10_000 }).toBe(0);
  expect(await house.worker.health("/readyz")).toMatchObject({ status: 200, body: { calls: 0, ready: true } });
}

it("goes on with a caller who says goodbye and is back in time; ends without", { timeout: 180_000 }, async () => {
  const first = await house.join("again", IDENTITY);
  await first.onset(0, 30_000);
  expect(await ask(first, await speech.speak(BEFORE), speech)).toMatchObject({ text: BEFORE });
  await first.leave();
  await expect.poll(() => ofType(house.facts("again"), "participant-left").length, { timeout: 10_000 }).toBe(1);

  const second = await house.join("again", IDENTITY);
  await goesOn("again", second);
  expect(committed("again")).toEqual([BEFORE, AFTER]);
  expect(ofType(house.facts("again"), "participant-joined").map(({ participantId }) => participantId)).toEqual([
    IDENTITY,
    IDENTITY,
  ]);
  expect((await house.worker.health("/readyz")).body.slots.taken).toBe(1);
  await ends("again", second);
});

it("goes on with a caller whose program died without a word", { timeout: 180_000 }, async () => {
  const program = path.join(import.meta.dirname, "support/vanishing-caller.ts");
  const child = fork(program, [house.url, await house.token("vanished", IDENTITY)], { execArgv: [] });
  children.push(child);
  const dead = once(child, "exit").then(() => Promise.reject(new Error("the caller ended before it was greeted")));
  dead.catch(() => {});
  await Promise.race([once(child, "message"), dead]);
  child.kill("SIGKILL");
  await once(child, "exit");

  // LiveKit itself would notice the loss only after 22 s.
  const back = await house.join("vanished", IDENTITY);
  await goesOn("vanished", back);
  await ends("vanished", back);
});
