import { settingsSchema } from "@parley/conversation";
import { timeoutDefaults } from "@parley/engine";
import { type FakeRealtimeOptions, type FaultName, fakeRealtimeModel } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { scene } from "./harness.ts";

/** The same rules with a speech-to-speech model in place of stt and llm. */
function realtime(options: FakeRealtimeOptions = {}) {
  const holder = scene();
  const { clock } = holder;
  const model = fakeRealtimeModel({ clock, ...options });
  return {
    model,
    clock,
    make: () => scene({ agent: { realtime: model, settings: settingsSchema.parse({ mode: "realtime" }) }, clock }),
  };
}

describe("a speech-to-speech model", () => {
  it("passes through the same rules: the model ends the turn, the transcript may come after the reply began", async () => {
    const { model, make } = realtime({
      turns: [{ transcript: "When do you open?", transcriptMs: 900, reply: "At nine." }],
    });
    const s = make();
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(4_000);
    expect(s.texts()).toEqual(["When do you open?", "At nine."]);
    expect(s.caller.heard()).toHaveLength(1);
    expect(s.count("turn-replied")).toBe(1);
    expect(s.differences()).toEqual([]);
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(model.sessions.every((session) => session.closed)).toBe(true);
  });

  it("is truncated at what was heard when the person interrupts", async () => {
    const long = "This is a very long answer about the harbour. It goes on and on without an end in sight.";
    const { model, make } = realtime({
      turns: [
        { transcript: "Tell me.", reply: long },
        { transcript: "Stop.", reply: "Yes?" },
      ],
    });
    const s = make();
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(2_500);
    await s.speak(1_000);
    await s.clock.advance(4_000);
    const heardMs = s.fact("playback-stopped")!.heardMs;
    expect(model.sessions[0]!.truncatedAtMs[0]).toBeCloseTo(heardMs, 0);
    const texts = s.texts();
    expect(texts[0]).toBe("Tell me.");
    expect(long.startsWith(texts[1]!)).toBe(true);
    expect(texts[1]!.length).toBeLessThan(long.length);
    expect(texts.slice(-2)).toEqual(["Stop.", "Yes?"]);
  });

  it("that can't be reached is asked again when somebody speaks, and is told what was said before", async () => {
    let openFault: FaultName | null = "unavailable";
    const { model, make } = realtime({ openFault: () => openFault, turns: [{ transcript: "Hello?", reply: "Yes." }] });
    const s = make();
    await s.begin();
    await s.speak(1_000);
    const askedAt = s.clock.now();
    await s.clock.advance(8_000);
    // Nobody waits for a model that is not there: silence ends the turn.
    expect(s.fact("turn-failed")!.at).toBeLessThan(askedAt + 2_500);
    openFault = null;
    await s.speak(1_000);
    await s.clock.advance(8_000);
    expect(s.count("turn-replied")).toBe(1);
    expect(model.sessions).toHaveLength(1);
    expect(model.sessions[0]!.options.messages.map((message) => "text" in message && message.text)).toEqual([
      expect.stringContaining("having trouble"),
    ]);
  });

  it.each([
    ["says nothing", { fault: "hung" }, timeoutDefaults.firstTokenMs],
    ["stops in the middle", { wordMs: 60_000, reply: "It is noon. Or is it?" }, timeoutDefaults.tokenMs],
  ] as const)("that %s is given up in its time, and what it still says is heard by nobody", async (_, turn, bound) => {
    const { model, make } = realtime({ turns: [{ transcript: null, ...turn }] });
    const s = make();
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(25_000);
    const { at, error } = s.fact("reply-failed")!;
    expect(error).toMatchObject({ code: "realtime-timeout", retryable: true });
    expect(at - s.fact("turn-committed")!.at).toBeLessThan(bound + 1_000);
    expect(s.count("turn-failed")).toBe(1);
    expect(model.sessions.map(({ closed }) => closed)).toEqual([true]);
    await s.speak(1_000);
    await s.clock.advance(100);
    expect(model.sessions.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it("that is lost in the middle of its answer is connected anew", async () => {
    let n = 0;
    const { model, make } = realtime({
      turns: () => (n++ === 0 ? { fault: "cut", lost: true, reply: "It is noon. Or later." } : { reply: "Noon." }),
    });
    const s = make();
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(12_000);
    expect(s.count("turn-failed")).toBe(1);
    await s.speak(1_000);
    await s.clock.advance(8_000);
    expect(s.texts().at(-1)).toBe("Noon.");
    expect(model.sessions).toHaveLength(2);
    expect(s.differences()).toEqual([]);
  });

  it("that can't be reached or fails gets the spoken fallback; the call goes on", async () => {
    const { make } = realtime({ openFault: "refused" });
    const s = make();
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(30_000);
    s.caller.type("Hello?");
    await s.clock.advance(30_000);
    expect(s.count("turn-failed")).toBeGreaterThan(0);
    expect(s.texts().some((text) => text.includes("having trouble"))).toBe(true);
    expect(s.count("call-closed")).toBe(0);
  });
});
