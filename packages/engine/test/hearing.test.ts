import { concat } from "@parley/audio";
import { silence, tone } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { eagerHearing, hearingDefaults } from "../src/call/agent.ts";
import { none, type Scene, scene } from "./harness.ts";

const RATE_HZ = 16_000;
const voice = (ms: number) => tone(ms, RATE_HZ, 300, -15);
const pause = (ms: number) => silence(ms, RATE_HZ);

function eager(given: Scene = {}) {
  return scene({
    settings: { endpointing: { policy: "fixed", minMs: 300 } },
    agent: { hearing: { ...hearingDefaults, ...eagerHearing } },
    ...given,
  });
}

describe("a short pause", () => {
  it("is asked about at once; who goes on is transcribed anew, as a whole, and answered once", async () => {
    const s = eager({
      stt: { answers: ["What time", "What time do you open?"], delayMs: 100 },
      llm: { answers: ["Never.", "At nine."] },
    });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(250), voice(700)])));
    await s.clock.advance(4_000);
    expect(s.stt.requests.map(({ request }) => Math.round(request.audioMs / 100))).toEqual([7, 16]);
    expect(s.texts()).toEqual(["What time do you open?", "At nine."]);
    expect(s.count("turn-opened")).toBe(1);
    expect(s.count("reply-released")).toBe(1);
    expect(s.count("playback-started")).toBe(1);
    expect(s.differences()).toEqual([]);
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
  });

  it("shows what is said at once, and as final when it is", async () => {
    const s = eager({ stt: { answers: ["What time", "What time do you open?"], delayMs: 100 } });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(250), voice(700)])));
    await s.clock.advance(4_000);
    const said = s.transport.transcripts.map(({ value }) => value).filter(({ segmentId }) => segmentId.startsWith("t"));
    expect(said.map(({ segmentId, text, final }) => [segmentId, text, final])).toEqual([
      ["t1.0", "What time", false],
      ["t1.0", "What time do you open?", false],
      ["t1.0", "What time do you open?", true],
    ]);
  });

  it("that was none takes an answer back before it has a word, when the words came late", async () => {
    const s = eager({ stt: { answers: ["What time", "What time do you open?"], delayMs: 400 } });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(200), voice(700)])));
    await s.clock.advance(4_000);
    expect(s.count("transcript-requested")).toBe(2);
    expect(s.count("transcript-final")).toBe(1);
    expect(s.fact("turn-committed")).toMatchObject({ text: "What time do you open?" });
    // What was asked for in vain is counted: it is paid for.
    const used = s.log.facts.filter((fact) => fact.type === "usage-reported" && fact.stage === "stt");
    expect(used).toHaveLength(2);
  });

  it("that ends as the silence after a turn runs out is waited for, until it is sure that it was speech", async () => {
    const s = eager({
      stt: { answers: ["What time", "What time do you open?"] },
      llm: { answers: ["Never.", "At nine."] },
    });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(275), voice(700)])));
    await s.clock.advance(4_000);
    expect(s.texts()).toEqual(["What time do you open?", "At nine."]);
    expect(s.count("turn-committed")).toBe(1);
  });

  it("is not made longer than a moment by a sound that is no speech", async () => {
    const committedAt = async (sound: Int16Array) => {
      const s = eager({ stt: { answers: ["What time?"] } });
      await s.begin();
      await s.clock.until(s.caller.say(concat([voice(600), pause(270), sound])));
      await s.clock.advance(4_000);
      return s.fact("turn-committed")?.at ?? Number.NaN;
    };
    const silent = await committedAt(pause(300));
    // The fakes' VAD goes by loudness: fainter than this is no speech to it.
    const faint = await committedAt(tone(300, RATE_HZ, 300, -45));
    expect(faint - silent).toBeGreaterThan(100);
    expect(faint - silent).toBeLessThan(140);
    expect((await committedAt(concat([tone(25, RATE_HZ, 300, -45), pause(275)]))) - silent).toBeLessThan(40);
  });

  it("longer than that ends the stretch: the next one is transcribed by itself", async () => {
    const s = eager({
      settings: { endpointing: { policy: "fixed", minMs: 900 } },
      stt: { answers: ["I want", "a table."] },
    });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(600), voice(700)])));
    await s.clock.advance(4_000);
    expect(s.fact("turn-committed")).toMatchObject({ text: "I want a table." });
  });

  it("ends nothing for a recogniser that cannot begin again: it hears each stretch by itself", async () => {
    const s = scene({
      settings: { endpointing: { policy: "fixed", minMs: 600 } },
      stt: { answers: ["I want", "a table."] },
    });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(150), voice(400), pause(300), voice(500)])));
    await s.clock.advance(4_000);
    expect(s.count("transcript-requested")).toBe(2);
    expect(s.fact("turn-committed")).toMatchObject({ text: "I want a table." });
  });

  it("that is asked about once more after a fault is the same sound, whatever is said meanwhile", async () => {
    const s = scene({
      settings: { endpointing: { policy: "fixed", minMs: 900 } },
      stt: { answers: [{ fault: "unavailable", delayMs: 600 }, "a table.", "I want"] },
    });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(300), voice(700)])));
    await s.clock.advance(5_000);
    const [first, , again] = s.stt.requests.map(({ request }) => request.audioMs);
    expect(again).toBe(first);
    expect(s.fact("turn-committed")).toMatchObject({ text: "I want a table." });
  });

  it("at the true end asks for the words some 100 ms after the last sound", async () => {
    const s = eager();
    await s.begin();
    const from = s.clock.now();
    await s.clock.until(s.caller.say(voice(800)));
    await s.clock.advance(300);
    const asked = s.fact("transcript-requested");
    expect(asked).toBeDefined();
    expect(from).toBeGreaterThan(0);
    const ended = s.fact("speech-ended");
    expect(asked!.at - ended!.endMs).toBeLessThanOrEqual(140);
    expect(asked!.at - ended!.endMs).toBeGreaterThanOrEqual(80);
  });
});

describe("a silence that has passed, but was not heard because the machine is busy", () => {
  const answers = { answers: ["What time", "What time do you open?"] };

  /** 200 ms into a pause of 250 its sound stays away; it comes, with what is said after it, 600 ms later. */
  async function late(sttMs: number) {
    const s = eager({ stt: { ...answers, delayMs: sttMs }, llm: { answers: ["At nine.", "At nine."] } });
    await s.begin();
    const said = s.caller.say(concat([voice(600), pause(250), voice(700)]));
    await s.clock.advance(800);
    s.caller.stall();
    await s.clock.advance(600);
    s.caller.catchUp();
    await s.clock.until(said);
    await s.clock.advance(4_000);
    return s;
  }

  it.each([
    ["when its time is up", 50],
    ["when the words come after its time", 400],
  ])("ends no turn %s", async (_, sttMs) => {
    const s = await late(sttMs);
    expect(s.texts()).toEqual(["What time do you open?", "At nine."]);
    expect(s.count("turn-committed")).toBe(1);
    expect(s.differences()).toEqual([]);
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
  });

  it("loses no word when the call ends meanwhile", async () => {
    const s = eager({ stt: { ...answers, delayMs: 400 } });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(120)])));
    s.caller.stall();
    await s.clock.advance(500);
    expect(s.count("transcript-final")).toBe(0);
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.fact("transcript-final")).toMatchObject({ text: "What time" });
    expect(s.leaks()).toEqual(none);
  });

  it.each([
    ["with the words", 50],
    ["before the words", 400],
  ])("ends it all the same when nothing comes any more, %s", async (_, sttMs) => {
    const s = eager({ stt: { ...answers, delayMs: sttMs } });
    await s.begin();
    await s.clock.until(s.caller.say(concat([voice(600), pause(120)])));
    s.caller.stall();
    await s.clock.advance(4_000);
    const silentMs = s.fact("turn-committed")!.at - s.fact("speech-ended")!.endMs;
    expect(silentMs).toBeGreaterThan(1_000);
    expect(silentMs).toBeLessThan(1_500);
  });
});
