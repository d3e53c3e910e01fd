import type { Fact } from "@parley/conversation";
import type { SimulatedCaller } from "@parley/livekit";
import { type OpenAiEndpoint, type OpenAiFault, speechClip } from "@parley/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./support/ask.ts";
import { expectWholeLog, ofType } from "./support/call-file.ts";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";

const FALLBACK = "Sorry, I am having trouble right now. Could you say that again?";
const LINES = [
  "what time do you open on friday",
  "is there a parking place near the shop",
  "how much does the small one cost",
  "can you deliver it to my house",
];
const FAULTS = ["refused", "hung", "cut", "garbage"] as const satisfies readonly OpenAiFault["kind"][];
/** From the end of the question to the fallback's first sound: time-outs of 2.5 s, one retry, and a busy machine. */
const HEARD_WITHIN_MS = 20_000;
/** A voice that failed is left alone for 10 s (engine, Speak): only then is it asked again. */
const VOICE_RESTS_MS = 10_500;

const speech = markedSpeech([...LINES, FALLBACK]);
let house: House;
beforeAll(async () => {
  house = await openHouse({
    agent: "hurried",
    openai: {
      transcribe: ({ samples }) => speech.recognise(samples),
      reply: ({ lastUserText }) => lastUserText,
      speak: async ({ input }) => await speech.speak(input, { sampleRateHz: 24_000 }),
      // Fast enough to play, slow enough to be cut while it is heard.
      pieceMs: 60,
    },
  });
  for (const line of [...LINES, FALLBACK]) await speechClip(line);
});
afterAll(() => house?.close());
afterEach(() => {
  for (const endpoint of ["transcriptions", "chat", "speech"] as const) house.openai.fault(endpoint, null);
});

/** Asks while a provider fails, then again when it is well; the facts of both. */
async function through(
  callId: string,
  caller: SimulatedCaller,
  endpoint: OpenAiEndpoint,
  kind: (typeof FAULTS)[number],
) {
  const line = LINES[FAULTS.indexOf(kind)]!;
  const clip = await speech.speak(line);
  const from = house.facts(callId).length;
  const requests = house.openai.requests.length;
  house.openai.fault(endpoint, { kind });
  const during = await ask(caller, clip, speech, HEARD_WITHIN_MS);
  house.openai.fault(endpoint, null);
  const failed = house.facts(callId).slice(from);
  expect(house.openai.requests.slice(requests).some((request) => request.endpoint === endpoint)).toBe(true);
  expect(caller.agents).toHaveLength(1);
  // Heard for as long as the shortest of what may be said lasts.
  expect(during.loudMs).toBeGreaterThan(800);

  const after = await ask(caller, clip, speech);
  const healed = house.facts(callId).slice(from + failed.length);
  expect(ofType(healed, "turn-committed").map(({ text }) => text)).toEqual([line]);
  expect(ofType(healed, "turn-replied")).toHaveLength(1);
  expect(ofType(healed, "turn-failed")).toEqual([]);
  expect(after.loudMs).toBeGreaterThan(500);
  return { during, failed, after, line };
}

/** What the caller was told instead of an answer. */
function fallbacks(facts: readonly Fact[]) {
  return ofType(facts, "reply-requested").filter(({ cause }) => cause.kind === "fallback");
}

describe.each([
  { stage: "stt", endpoint: "transcriptions" },
  { stage: "llm", endpoint: "chat" },
] as const)("one live call while $stage fails", ({ stage, endpoint }) => {
  const callId = `faulty-${stage}`;
  let caller: SimulatedCaller;
  beforeAll(async () => {
    caller = await house.call(callId);
  });

  it.each(FAULTS)("is %s: a spoken fallback, and the next turn is answered", async (kind) => {
    const { during, failed, after, line } = await through(callId, caller, endpoint, kind);
    expect(ofType(failed, "turn-failed").map((fact) => fact.stage)).toEqual([stage]);
    expect(fallbacks(failed)).toMatchObject([{ text: FALLBACK }]);
    expect(during.text).toBe(FALLBACK);
    expect(after.text).toBe(line);
  });

  it("went on to its end in one whole log", async () => {
    await caller.leave();
    await expect.poll(() => house.facts(callId).at(-1)?.type, { timeout: 20_000 }).toBe("call-closed");
    const facts = house.facts(callId);
    expectWholeLog(facts, callId);
    const failures = stage === "stt" ? ofType(facts, "transcript-failed") : ofType(facts, "reply-failed");
    const codes = failures.map(({ error }) => error.code);
    // An answer prepared at a pause may fail as well as the one asked for at the turn's end.
    expect(codes.length).toBeGreaterThanOrEqual(FAULTS.length);
    expect(codes.every((code) => code.startsWith(`${stage}-`))).toBe(true);
  });
});

describe("one live call while tts fails", () => {
  const callId = "faulty-tts";
  let caller: SimulatedCaller;
  beforeAll(async () => {
    caller = await house.call(callId);
  });
  const lastFailureAt = () =>
    Math.max(
      0,
      ...[...ofType(house.facts(callId), "error-occurred"), ...ofType(house.facts(callId), "reply-failed")].map(
        ({ at }) => at,
      ),
    );

  it.each(FAULTS)("is %s: the caller hears a voice all the same, and the next turn is answered", async (kind) => {
    const started = performance.now() - (house.facts(callId).at(-1)?.at ?? 0);
    await caller.until(
      () => performance.now() - started > lastFailureAt() + VOICE_RESTS_MS,
      20_000,
      "the voice's rest",
    );
    const { failed, line } = await through(callId, caller, "speech", kind);
    if (kind === "cut") {
      // Half of the answer was said in the voice that broke off: an apology follows in the spare one.
      expect(ofType(failed, "turn-failed").map((fact) => fact.stage)).toEqual(["tts"]);
      expect(fallbacks(failed)).toMatchObject([{ text: FALLBACK }]);
    } else {
      // Nothing had been said: the spare voice gives the answer itself.
      expect(ofType(failed, "error-occurred")).toMatchObject([{ source: "tts", recoverable: true }]);
      expect(ofType(failed, "turn-replied")).toHaveLength(1);
      expect(ofType(failed, "reply-sentence").map(({ text }) => text)).toEqual([line]);
    }
  });

  it("went on to its end in one whole log", async () => {
    await caller.leave();
    await expect.poll(() => house.facts(callId).at(-1)?.type, { timeout: 20_000 }).toBe("call-closed");
    expectWholeLog(house.facts(callId), callId);
  });
});
