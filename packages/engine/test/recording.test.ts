import type { Recorder, RecordingOptions } from "@parley/engine";
import { ParleyError } from "@parley/engine";
import { describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

const story = "A long story about a harbour full of boats, and what became of them all in the end.";

/** Writes down what it is given, the agent's voice by the call's ms. */
function fakeRecorder() {
  const opened: RecordingOptions[] = [];
  const heardAt: number[] = [];
  let voiceMs = new Set<number>();
  let closed = 0;
  const recorder: Recorder = {
    open(options) {
      opened.push(options);
      return {
        hears: () => heardAt.push(options.now()),
        left() {},
        sounds(atMs, samples) {
          const lengthMs = (samples.length * 1000) / options.voiceRateHz;
          for (let ms = 0; ms < lengthMs; ms++) voiceMs.add(Math.round(atMs) + ms);
        },
        cleared(nowMs) {
          voiceMs = new Set([...voiceMs].filter((ms) => ms < nowMs));
        },
        close: () => closed++,
      };
    },
  };
  const between = (times: Iterable<number>, from: number, to: number) =>
    [...times].filter((ms) => ms >= from && ms < to).length;
  return {
    recorder,
    opened,
    get closed() {
      return closed;
    },
    /** Frames of callers, ms of the agent. */
    heard: (from: number, to: number) => between(heardAt, from, to),
    voice: (from: number, to: number) => between(voiceMs, from, to),
  };
}

describe("a recorded call", () => {
  it("is given what callers say and what of the agent is heard, from the beginning to the end", async () => {
    const tape = fakeRecorder();
    const s = scene({ recorder: tape.recorder, settings: { recording: { mode: "on" } }, agent: { greeting: story } });
    await s.begin();
    await s.speak(1_000);
    const until = s.call.state.at;
    expect(tape.opened).toMatchObject([{ callId: "c1", epoch: 1, voiceRateHz: s.transport.out.sampleRateHz }]);
    expect(tape.heard(0, Number.POSITIVE_INFINITY)).toBeGreaterThan(45);
    expect(tape.voice(0, until)).toBeGreaterThan(200);
    s.call.close("test");
    await s.clock.advance(3_000);
    expect(tape.closed).toBe(1);
    expect(s.leaks()).toEqual(none);
  });

  it("has nothing of a reply that was not heard because it was interrupted", async () => {
    const tape = fakeRecorder();
    const s = scene({ recorder: tape.recorder, settings: { recording: { mode: "on" } }, llm: { answers: [story] } });
    await s.begin();
    s.caller.type("Tell me a story.");
    await s.clock.advance(2_000);
    s.call.remote.interrupt("ada");
    const stopped = s.fact("reply-stopped")?.at ?? 0;
    const { heardMs } = s.fact("playback-stopped") ?? { heardMs: 0 };
    await s.clock.advance(3_000);
    expect(tape.voice(stopped, stopped + 3_000)).toBe(0);
    expect(Math.abs(tape.voice(0, stopped) - heardMs)).toBeLessThan(45);
  });

  it("holds nothing of what is said while it is paused, and says so to whoever asks", async () => {
    const tape = fakeRecorder();
    const s = scene({
      recorder: tape.recorder,
      settings: { recording: { mode: "on" } },
      llm: { answers: [story] },
    });
    await s.begin();
    s.caller.type("Tell me a story.");
    await s.clock.advance(2_000);
    expect(s.call.remote.record("pause", "ada")).toBe("paused");
    const from = s.fact("recording-changed") && s.call.state.at;
    await s.speak(500);
    await s.clock.advance(500);
    const to = s.call.state.at;
    expect([tape.heard(from! + 1, to), tape.voice(from! + 1, to)]).toEqual([0, 0]);
    s.call.control.recording.resume();
    expect(s.call.control.recording.state).toBe("on");
    await s.speak(500);
    expect(tape.heard(to, Number.POSITIVE_INFINITY)).toBeGreaterThan(20);
    expect(tape.opened).toHaveLength(1);
  });

  it("shows it to whoever is there, and again when another process has it", async () => {
    const settings = { recording: { mode: "ask" as const } };
    const first = scene({ recorder: fakeRecorder().recorder, settings });
    await first.begin();
    const shownIn = ({ transport }: typeof first) => transport.recordings.map(({ value }) => value);
    expect(shownIn(first)).toEqual(["asking"]);
    first.call.control.recording.answer(true);
    first.call.control.recording.pause();
    expect(shownIn(first)).toEqual(["asking", "on", "paused"]);
    const recovered = { facts: first.log.facts, gapMs: 500, by: "w2" };
    const s = scene({ recorder: fakeRecorder().recorder, settings, recovered, clock: first.clock });
    await s.begin();
    expect(shownIn(s)).toEqual(["paused"]);
    s.call.control.recording.resume();
    s.call.control.recording.stop();
    await s.speak(300);
    expect(shownIn(s)).toEqual(["paused", "on", "off"]);
  });

  it("goes on when the recording fails, and says that it is not recorded any more", async () => {
    const tape = fakeRecorder();
    const s = scene({ recorder: tape.recorder, settings: { recording: { mode: "on" } } });
    await s.begin();
    tape.opened[0]!.failed(new ParleyError("no room", { code: "recordings-full", category: "internal" }));
    expect(s.fact("recording-failed")).toMatchObject({ code: "recordings-full" });
    expect(s.call.state.recording.now).toBe("off");
    // Not tried again and again in a process that cannot.
    s.call.control.recording.start();
    expect(tape.opened).toHaveLength(1);
    s.call.close("test");
    await s.clock.advance(3_000);
    expect(s.types().at(-1)).toBe("call-closed");
  });

  it("is recorded by the process that takes it over as it was by the one before", async () => {
    const first = scene({ recorder: fakeRecorder().recorder, settings: { recording: { mode: "on" } } });
    await first.begin();
    first.call.control.recording.pause();
    const tape = fakeRecorder();
    const recovered = { facts: first.log.facts, gapMs: 500, by: "w2" };
    const s = scene({
      recorder: tape.recorder,
      settings: { recording: { mode: "on" } },
      recovered,
      clock: first.clock,
    });
    await s.begin();
    await s.speak(300);
    expect(tape.opened).toHaveLength(0);
    expect(s.call.remote.record("resume", "ada")).toBe("on");
    expect(tape.opened).toMatchObject([{ epoch: 2 }]);
    expect(tape.opened[0]!.now()).toBeGreaterThan(500);
  });
});

describe("a call that is not to be recorded", () => {
  it.each([
    ["its agent", { mode: "off" }, { recording: "on" }],
    ["whoever made it", { mode: "on" }, { recording: "off" }],
  ] as const)("by the word of %s", async (_, recording, callMetadata) => {
    const tape = fakeRecorder();
    const s = scene({ recorder: tape.recorder, settings: { recording }, callMetadata });
    await s.begin();
    await s.speak(300);
    expect(() => s.call.remote.record("start", "ada")).toThrow(expect.objectContaining({ code: "recording-off" }));
    s.call.control.recording.start();
    expect([tape.opened.length, s.count("recording-changed")]).toEqual([0, 0]);
    expect(s.transport.recordings).toEqual([]);
  });

  it("where nothing can record", async () => {
    const s = scene({ settings: { recording: { mode: "on", announcement: "This call is recorded." } } });
    await s.begin();
    await s.clock.advance(2_000);
    expect(s.fact("call-started")?.settings.recording.mode).toBe("off");
    expect(s.texts()).toEqual([]);
  });
});

describe("consent", () => {
  it("is told by the model too, and nothing is recorded before it", async () => {
    const tape = fakeRecorder();
    const s = scene({
      recorder: tape.recorder,
      settings: { recording: { mode: "ask" } },
      stt: { answers: ["What for, may I ask you please?"] },
    });
    await s.begin();
    await s.clock.advance(6_000);
    expect(() => s.call.remote.record("start", "ada")).toThrow(expect.objectContaining({ code: "consent-missing" }));
    expect(() => s.call.remote.record("pause", "ada")).toThrow(expect.objectContaining({ code: "not-recording" }));
    await s.speak(800);
    await s.clock.advance(3_000);
    expect(tape.opened).toHaveLength(0);
    const tool = s.llm.requests[0]?.request.tools.find(({ name }) => name === "set_recording_consent");
    expect(tool).toBeDefined();
    s.call.control.recording.answer(true);
    expect(tape.opened).toHaveLength(1);
    s.call.control.recording.answer(false);
    expect(s.call.control.recording.state).toBe("off");
  });
});
