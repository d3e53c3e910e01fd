import { fork } from "node:child_process";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Fact } from "@parley/conversation";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { expectWholeLog, ofType } from "./support/call-file.ts";
import type { CallerReport, CallersPlan } from "./support/caller-plan.ts";
import { type House, openHouse } from "./support/house.ts";
import { LINES } from "./support/lines.ts";
import { markedSpeech } from "./support/marked-speech.ts";

const SHARDS = 2;
/** No two utterances begin with the same so many samples, the silence before them left out. */
const BEGINNING = 1_600;
const LOUD = 500;
const callIdOf = (index: number) => `call-${index}`;

/** Silence is the same in front of every piece. */
function beginningOf(samples: Int16Array): Int16Array {
  const from = Math.max(
    0,
    samples.findIndex((sample) => Math.abs(sample) > LOUD),
  );
  return samples.slice(from, from + BEGINNING);
}

let house: House;
beforeAll(async () => {
  const speech = markedSpeech(LINES.flat().map(({ text }) => text));
  const answers = new Map<string, Int16Array>();
  // Every line is said once. Sound that stumbles on a busy machine comes in two pieces: the words are in the first, and in
  // what is sent again from the same beginning with more behind it.
  const understood = new Map<string, Int16Array>();
  const transcribe = (samples: Int16Array) => {
    const text = speech.recognise(samples);
    const begins = beginningOf(samples);
    const began = understood.get(text) ?? begins;
    understood.set(text, began);
    return isDeepStrictEqual(began, begins) ? text : "";
  };
  for (const { text } of LINES.flat()) answers.set(text, await speech.speak(text, { sampleRateHz: 24_000 }));
  house = await openHouse({
    agent: "repeat",
    settings: { PARLEY_SHARDS: String(SHARDS) },
    openai: {
      transcribe: ({ samples }) => transcribe(samples),
      reply: ({ lastUserText }) => lastUserText,
      speak: ({ input }) => answers.get(input) ?? speechClip(input, { sampleRateHz: 24_000 }),
    },
  });
  // It registers with the first.
  const allWarm = async () => {
    const { shards } = (await house.worker.health("/readyz")).body;
    return shards.length === SHARDS && shards.every(({ state }) => state === "ready");
  };
  await vi.waitUntil(allWarm, { timeout: 20_000 });
});
afterAll(() => house?.close());

/** In a process of their own: twenty ears and mouths beside the providers would make both late. */
async function callAtOnce(plan: CallersPlan): Promise<CallerReport[]> {
  const child = fork(path.join(import.meta.dirname, "support/callers.ts"), [JSON.stringify(plan)], { execArgv: [] });
  return await new Promise((resolve, reject) => {
    let reports: CallerReport[] | undefined;
    child.once("message", (message) => {
      reports = message as CallerReport[];
    });
    child.once("exit", (code, signal) => {
      if (reports) resolve(reports);
      else reject(new Error(`the callers ended with ${code ?? signal}`));
    });
  });
}

/** What a log says of a call that went wrong, without the texts of settings and greetings. */
function tell(callId: string, facts: readonly Fact[]): void {
  const lines = facts.filter(({ type }) => type !== "call-started").map((fact) => JSON.stringify(fact));
  console.error(`${callId}:\n${lines.join("\n")}`);
}

it("answers twenty people at once, five turns each: no turn lost, every log whole", { timeout: 400_000 }, async () => {
  const callers = await Promise.all(
    LINES.map(async (lines, index) => ({ token: await house.token(callIdOf(index)), lines })),
  );
  const calling = callAtOnce({ url: house.url, joinsAtOnce: 1, turnsAtOnce: 4, callers });
  let mostAtOnce = 0;
  const look = async () => {
    const { body } = await house.worker.health("/healthz");
    mostAtOnce = Math.max(mostAtOnce, body.calls);
  };
  // A look that fails is one of many.
  const watch = setInterval(() => look().catch(() => {}), 1_000);
  const reports = await calling.finally(() => clearInterval(watch));

  // At the callers' ears and on their screens.
  const expected = LINES.map((lines) => ({
    error: null,
    turns: lines.map(({ text }) => ({ said: text, heard: text, shown: { caller: [text], agent: [text] } })),
  }));
  for (const [index, report] of reports.entries())
    if (!isDeepStrictEqual(report, expected[index])) tell(callIdOf(index), house.facts(callIdOf(index)));
  expect(reports).toEqual(expected);

  // All of them ran at the same time, many in a process.
  expect(mostAtOnce).toBe(LINES.length);
  const { body } = await house.worker.health("/healthz");
  expect(body.shards).toHaveLength(SHARDS);
  expect(SHARDS).toBeLessThan(LINES.length);

  // In the logs.
  await expect.poll(async () => (await house.worker.health("/readyz")).body.slots.taken, { timeout: 30_000 }).toBe(0);
  expect(house.callFiles()).toHaveLength(LINES.length);
  for (const [index, lines] of LINES.entries()) {
    const facts = house.facts(callIdOf(index));
    expectWholeLog(facts, callIdOf(index));
    expect(facts.at(-1)).toMatchObject({ reason: "participant-left" });
    const committed = ofType(facts, "turn-committed").filter(({ text }) => text !== "");
    expect(committed.map(({ text }) => text)).toEqual(lines.map(({ text }) => text));
    expect(ofType(facts, "turn-replied").map(({ turnId }) => turnId)).toEqual(committed.map(({ turnId }) => turnId));
    expect(ofType(facts, "turn-failed")).toEqual([]);
    expect(ofType(facts, "error-occurred")).toEqual([]);
  }
});
