import { historyOf, settingsSchema, timelineOf } from "@parley/conversation";
import { Call, type CallAgent, hearingDefaults, timeoutDefaults } from "@parley/engine";
import { fakeLlm, fakeStt, fakeTts, fakeVad, memoryLog, tone, virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { type CallerLine, converse } from "./converse.ts";
import { MOUTH_RATE_HZ } from "./mouth.ts";
import { observeCall } from "./observer.ts";
import { terminalTransport } from "./terminal-transport.ts";

const RATE_HZ = 16_000;
const loud = (ms: number): CallerLine => ({ kind: "wav", name: "loud.wav", samples: tone(ms, RATE_HZ) });
const silent = (ms: number): CallerLine => ({ kind: "wav", name: "quiet.wav", samples: new Int16Array(ms * 16) });

/** A whole call between the terminal's caller and an agent of fakes, in virtual time. */
async function talk(
  lines: CallerLine[],
  { answer = "We open at nine.", greeting = "Hello." as string | null, bargeInMs = null as number | null } = {},
) {
  const clock = virtualClock();
  const voice = lines.some((line) => line.kind === "wav");
  const said: string[] = [];
  const notes: string[] = [];
  const transport = terminalTransport({
    clock,
    voice,
    record: true,
    onSaid: (who, text) => said.push(`${who}: ${text}`),
  });
  const agent: CallAgent = {
    name: "fake",
    instructions: "",
    greeting,
    language: "en",
    stt: fakeStt({ clock, answers: () => "when do you open" }),
    llm: fakeLlm({ clock, answers: () => answer }),
    tts: fakeTts({ clock }),
    vad: fakeVad(),
    phrases: [],
    tools: [],
    hooks: {},
    settings: settingsSchema.parse({ mode: voice ? "voice" : "text" }),
    hearing: hearingDefaults,
    timeouts: timeoutDefaults,
  };
  const observer = observeCall("c", 1);
  const context = { room: null, agentId: null, tenantId: null, language: null, from: null, to: null, metadata: {} };
  const onFact = observer.saw;
  const call = new Call({ callId: "c", epoch: 1, agent, transport, log: memoryLog(), clock, context, onFact });
  const over = new AbortController();
  void call.done.then(() => over.abort());
  const conversation = (async () => {
    await call.start();
    const caller = converse({
      clock,
      transport,
      observer,
      over: over.signal,
      bargeInMs,
      note: (text) => notes.push(text),
    });
    for (const line of lines) await caller.say(line);
    await caller.hearOut();
    const recording = transport.out.recording();
    call.close("hung-up");
    await call.done;
    return recording;
  })();
  const recording = await clock.until(conversation, 300_000);
  return { said, notes, recording, turns: timelineOf(observer.facts), history: historyOf(observer.facts), clock };
}

const loudMs = (samples: Int16Array) =>
  (samples.filter((sample) => Math.abs(sample) > 500).length * 1000) / MOUTH_RATE_HZ;

describe("a caller in the terminal", () => {
  it("waits for the greeting, speaks, and hears the whole answer", async () => {
    const { said, turns, recording, history } = await talk([loud(1_200)]);
    expect(said).toEqual(["agent: Hello.", "caller: when do you open", "agent: We open at nine."]);
    expect(turns).toMatchObject([{ outcome: "replied", via: "speech", interruptedAt: null }]);
    expect(history.at(-1)).toMatchObject({ role: "assistant", text: "We open at nine." });
    // The voice of the fake: 60 ms a character.
    expect(loudMs(recording)).toBeGreaterThan(("Hello.".length + "We open at nine.".length) * 60 * 0.8);
  });

  it("takes turns", async () => {
    const { turns } = await talk([loud(800), loud(800), loud(800)], { greeting: null });
    expect(turns.map(({ outcome }) => outcome)).toEqual(["replied", "replied", "replied"]);
    expect(turns.every(({ interruptedAt }) => interruptedAt === null)).toBe(true);
  });

  it("interrupts a long answer when it is told to, and hears it stop", async () => {
    const answer = "We are open on every day of the week from nine in the morning until six in the evening. ".repeat(3);
    const { turns, history } = await talk([loud(800), loud(1_500)], { answer, bargeInMs: 2_000 });
    expect(turns[0]?.interruptedAt).not.toBeNull();
    expect(turns[0]?.heardMs).toBeGreaterThan(1_500);
    expect(turns[0]?.heardMs).toBeLessThan(4_000);
    const first = history.find((message) => message.role === "assistant" && message.interrupted);
    expect(answer.startsWith((first as { text: string }).text.slice(0, 20))).toBe(true);
  });

  it("says when a recording was not heard as speech", async () => {
    const { notes, turns } = await talk([silent(600)], { greeting: null });
    expect(notes).toEqual(["nothing was heard in quiet.wav"]);
    expect(turns).toEqual([]);
  });

  it("types and reads, without a sound", async () => {
    const { said, turns, recording } = await talk([{ kind: "text", text: "when do you open?" }]);
    expect(said).toEqual(["agent: Hello.", "caller: when do you open?", "agent: We open at nine."]);
    expect(turns).toMatchObject([{ via: "text", outcome: "replied" }]);
    expect(loudMs(recording)).toBe(0);
  });
});
