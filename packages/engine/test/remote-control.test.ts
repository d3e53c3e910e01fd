import { fakeRealtimeModel, fakeStt, fakeTts, tone } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

const by = "participant:ada";

describe("a call controlled from outside", () => {
  it("says what it is told to, and the log names who told it", async () => {
    const s = scene();
    await s.begin();
    s.call.remote.say("Your taxi is here.", { interruptible: false, by });
    await s.clock.advance(4_000);
    expect(s.texts()).toEqual(["Your taxi is here."]);
    expect(s.fact("say-requested")).toMatchObject({ by, interruptible: false });
  });

  it("plays a sound that it is given in place of its voice, whole, and counts what was heard of it", async () => {
    const s = scene();
    await s.begin();
    const sound = { samples: tone(20_000, 16_000, 440, -15), sampleRateHz: 16_000 };
    s.call.remote.say("[sound]. A jingle.", { interruptible: true, by, sound });
    s.call.remote.say("That was all.", { interruptible: true, by });
    await s.clock.advance(19_000);
    expect(s.count("reply-finished")).toBe(0);
    await s.clock.advance(6_000);
    expect(s.tts.requests.map(({ request }) => request.text)).toEqual(["That was all."]);
    const [first] = s.log.facts.filter((fact) => fact.type === "reply-finished");
    expect(first).toMatchObject({ heardMs: 20_000, failed: null });
    expect(s.texts()).toEqual(["[sound]. A jingle.", "That was all."]);
    expect(s.differences()).toEqual([]);
  });

  it("does not say a sound that died with its process, nor words in its place", async () => {
    const s = scene();
    await s.begin();
    const sound = { samples: tone(3_000, 16_000, 440, -15), sampleRateHz: 16_000 };
    for (const text of ["First.", "Second."]) s.call.remote.say(text, { interruptible: true, by, sound });
    await s.clock.advance(1_000);
    const facts = [...s.log.facts];
    s.call.abandon();
    const next = scene({ clock: s.clock, recovered: { facts, gapMs: 0, by: "b" } });
    await next.begin();
    await s.clock.advance(5_000);
    expect(next.tts.requests).toEqual([]);
    expect(next.fact("reply-finished")).toMatchObject({ replyId: "r1" });
    expect(next.fact("reply-finished")!.heardMs).toBeLessThan(1_100);
    expect(next.fact("reply-discarded")).toMatchObject({ replyId: "r2", reason: "recovered" });
    expect(next.differences()).toEqual([]);
  });

  it("lets no more than eight requests wait", async () => {
    const s = scene();
    await s.begin();
    const say = () => s.call.remote.say("One moment please.", { interruptible: true, by });
    for (let n = 0; n < 8; n += 1) say();
    expect(say).toThrow(expect.objectContaining({ code: "too-much-to-say", retryable: true }));
    await s.clock.advance(3_000);
    say();
  });

  it("falls silent when interrupted, and says whether it was saying anything", async () => {
    const s = scene({ llm: { answers: ["A long story about a harbour full of boats, and what became of them."] } });
    await s.begin();
    expect(s.call.remote.interrupt(by)).toBe(false);
    s.caller.type("Tell me a story.");
    await s.clock.advance(1_500);
    expect(s.call.remote.interrupt(by)).toBe(true);
    await s.clock.advance(500);
    expect(s.fact("reply-stopped")).toMatchObject({ reason: "requested" });
    expect(s.call.state.playback.current).toBeNull();
  });

  it("hears and remembers while it is muted, says nothing, and knows it all afterwards", async () => {
    const s = scene({
      agent: { greeting: "Hello, how can I help?" },
      stt: { answers: ["I moved to Paris.", "Where do I live?"] },
      llm: { answers: ["In Paris."] },
    });
    await s.begin();
    await s.clock.advance(600);
    s.call.remote.mute(true, by);
    await s.clock.advance(300);
    const heard = s.caller.heard().length;
    await s.speak(1_000);
    await s.clock.advance(3_000);
    expect(s.caller.heard()).toHaveLength(heard);
    expect(s.llm.requests).toHaveLength(0);
    expect(() => s.call.remote.say("Hello?", { interruptible: true, by })).toThrow("unmute it first");
    s.call.remote.mute(false, by);
    await s.speak(1_000);
    await s.clock.advance(3_000);
    expect(s.texts().slice(1)).toEqual(["I moved to Paris.", "Where do I live?", "In Paris."]);
    expect(s.llm.requests[0]?.request.messages.map((message) => "text" in message && message.text)).toContain(
      "I moved to Paris.",
    );
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
    expect(s.differences()).toEqual([]);
  });

  it("is heard and answered in the new language, from the next speech on", async () => {
    const s = scene({ agent: { instructions: "Speak {{language}}." } });
    await s.begin();
    const speaking = s.speak(1_000);
    s.call.remote.setLanguage("de-DE", by);
    await speaking;
    await s.clock.advance(4_000);
    await s.speak(1_000);
    await s.clock.advance(4_000);
    expect(s.stt.requests.map(({ request }) => request.options.language)).toEqual(["de-DE", "de-DE"]);
    expect(s.llm.requests.at(-1)?.request).toMatchObject({ language: "de-DE", instructions: "Speak de-DE." });
    expect(s.tts.requests.at(-1)?.request.language).toBe("de-DE");
    expect(s.call.control.language).toBe("de-DE");
    expect(s.fact("language-changed")).toMatchObject({ language: "de-DE", by });
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
  });

  it("ends an utterance in the language in which it began, and leaves no session open", async () => {
    const s = scene();
    await s.begin();
    const speaking = s.speak(2_000);
    await s.clock.advance(1_000);
    s.call.remote.setLanguage("fr", by);
    await speaking;
    await s.clock.advance(3_000);
    expect(s.stt.requests.map(({ request, outcome }) => [request.options.language, outcome])).toEqual([["en", "done"]]);
    expect(s.stt.openSessions).toBe(0);
  });

  it("goes on in the new language when another process takes it over", async () => {
    const s = scene();
    await s.begin();
    s.call.remote.setLanguage("fr", by);
    const again = scene({ recovered: { facts: s.log.facts, gapMs: 0, by: "w2" } });
    await again.begin();
    again.caller.type("Bonjour.");
    await again.clock.advance(2_000);
    expect(again.llm.requests[0]?.request.language).toBe("fr");
  });

  it("refuses a language that its providers do not take, naming them, and changes nothing", async () => {
    const stt = { ...fakeStt(), name: "ears", capabilities: { interim: false, words: false, languages: ["en", "fr"] } };
    const tts = { ...fakeTts(), name: "voice", capabilities: { words: false, languages: ["en"] } };
    const s = scene({ agent: { stt, tts } });
    await s.begin();
    const to = (language: string) => () => s.call.remote.setLanguage(language, by);
    expect(to("de")).toThrow(/^ears of agent test does not take de, only en, fr\.$/);
    expect(to("fr-CA")).toThrow(/^voice of agent test does not take fr-CA, only en\.$/);
    expect(s.count("language-changed")).toBe(0);
    to("en-GB")();
    expect(s.call.state.language).toBe("en-GB");
  });

  it("refuses to change the language of a speech-to-speech model", async () => {
    const s = scene({ agent: { realtime: fakeRealtimeModel() }, settings: { mode: "realtime" } });
    await s.begin();
    expect(() => s.call.remote.setLanguage("de", by)).toThrow(
      expect.objectContaining({ code: "language-unsupported", retryable: false }),
    );
  });

  it("takes no more orders once it is over", async () => {
    const s = scene();
    await s.begin();
    s.call.close("test");
    await s.clock.until(s.call.done);
    const over = expect.objectContaining({ code: "call-over" });
    expect(() => s.call.remote.say("Hello?", { interruptible: true, by })).toThrow(over);
    expect(() => s.call.remote.interrupt(by)).toThrow(over);
    expect(() => s.call.remote.mute(true, by)).toThrow(over);
    expect(() => s.call.remote.setLanguage("de", by)).toThrow(over);
  });
});
