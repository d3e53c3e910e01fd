import { callStarted } from "@parley/testkit/facts";
import { describe, expect, it } from "vitest";
import type { Fact, InputBody } from "../facts/index.ts";
import { historyOf } from "../projections/history.ts";
import { phase } from "../projections/phase.ts";
import { recoverState, replayFacts } from "../replay.ts";
import { type SettingsInput, settingsSchema } from "../settings.ts";
import { deadlines, initialState, step } from "./index.ts";

/** Drives the rules by hand: facts in, decisions out, deadlines answered when their time comes. */
function call(settings: SettingsInput = {}, greeting: string | null = null) {
  let state = initialState("c1");
  const log: Fact[] = [];
  let now = 0;
  const feed = (body: InputBody) => {
    const result = step(state, body, now);
    state = result.state;
    log.push(...result.facts);
    return result.facts.slice(1).map((fact) => fact.type);
  };
  const after = (ms: number) => {
    const until = now + ms;
    const decided: string[] = [];
    for (;;) {
      const due = deadlines(state)
        .filter((deadline) => deadline.at <= until)
        .sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      now = Math.max(now, due.at);
      decided.push(...feed({ type: "deadline-passed", deadline: due.id }));
    }
    now = until;
    return decided;
  };
  feed(callStarted({ greeting, settings: settingsSchema.parse(settings) }));
  feed({ type: "participant-joined", participantId: "p", name: "P", kind: "standard", metadata: null, attributes: {} });
  feed({ type: "listener-ready", participantId: "p" });
  const say = (text: string, turnId: string, segment = 0) =>
    feed({ type: "transcript-final", participantId: "p", turnId, segment, text, understood: true, audioMs: 1 });
  const speak = (ms: number) => {
    feed({ type: "speech-started", participantId: "p", startMs: now });
    const during = after(ms);
    const endMs = now;
    after(200);
    return [...during, ...feed({ type: "speech-ended", participantId: "p", endMs })];
  };
  /** The stages' part of a reply, as far as its sound. */
  const make = (replyId: string, sentences: [string, number][]) => {
    for (const [index, [text]] of sentences.entries()) feed({ type: "reply-sentence", replyId, index, text });
    for (const [index, [, ms]] of sentences.entries()) feed({ type: "speech-made", replyId, index, ms });
    return feed({ type: "reply-text-ended", replyId, step: 0, finishReason: "stop" });
  };
  return { feed, after, say, speak, make, log, state: () => state, now: () => now };
}

const noSpeculation = { speculation: { policy: "never" as const } };

describe("the life of a turn", () => {
  it("is opened, transcribed, committed at the end of the pause, replied to when the reply was played", () => {
    const c = call(noSpeculation);
    expect(c.speak(1000)).toContain("transcript-requested");
    expect(c.say("What time is it?", "t1")).toEqual([]);
    expect(c.after(300)).toEqual(["turn-committed", "reply-requested", "reply-released"]);
    expect(phase(c.state())).toBe("thinking");
    c.make("r1", [["It is noon.", 900]]);
    c.feed({ type: "playback-started", replyId: "r1" });
    expect(phase(c.state())).toBe("speaking");
    expect(c.feed({ type: "playback-drained", replyId: "r1", heardMs: 900 })).toEqual([
      "reply-finished",
      "turn-replied",
    ]);
    expect(phase(c.state())).toBe("listening");
    expect(historyOf(c.log)).toEqual([
      { role: "user", text: "What time is it?", participantId: "p" },
      { role: "assistant", text: "It is noon." },
    ]);
  });

  it("prepares the reply at the pause and releases the same one at the end of the turn", () => {
    const c = call();
    c.speak(1000);
    expect(c.say("What time is it?", "t1")).toEqual(["reply-requested"]);
    expect(c.after(300)).toEqual(["turn-committed", "reply-released"]);
  });

  it("discards the prepared reply when the person goes on", () => {
    const c = call();
    c.speak(1000);
    c.say("What time", "t1");
    c.after(50);
    expect(c.speak(500)).toEqual(["transcript-requested"]);
    expect(c.log.filter((fact) => fact.type === "reply-discarded")).toMatchObject([{ reason: "turn-went-on" }]);
    expect(c.say("do you open?", "t1", 1)).toEqual(["reply-requested"]);
    expect(c.after(400)).toEqual(["turn-committed", "reply-released"]);
    expect(c.log.find((fact) => fact.type === "turn-committed")).toMatchObject({ text: "What time do you open?" });
  });

  it("is skipped when there were no words, and answered with a fallback when it could not be transcribed", () => {
    const c = call(noSpeculation);
    c.speak(300);
    expect([...c.say("", "t1"), ...c.after(2000)]).toEqual(["turn-committed", "turn-skipped"]);
    c.speak(300);
    const error = { code: "x", category: "provider", message: "x", retryable: false };
    c.feed({ type: "transcript-failed", participantId: "p", turnId: "t2", segment: 0, error });
    expect(c.after(2000)).toEqual(["turn-committed", "turn-failed", "reply-requested", "reply-released"]);
  });
});

describe("barge-in", () => {
  const speaking = (settings: SettingsInput = {}) => {
    const c = call({ ...noSpeculation, ...settings });
    c.speak(1000);
    c.say("Tell me a story.", "t1");
    c.after(400);
    c.make("r1", [
      ["Once upon a time there was a harbour.", 3000],
      ["It was full of boats.", 2000],
    ]);
    c.feed({ type: "playback-started", replyId: "r1" });
    c.after(1500);
    c.feed({ type: "playback-progress", replyId: "r1", heardMs: 1500 });
    return c;
  };

  it("ducks at once, stops when the speech lasts, keeps in history what was heard", () => {
    const c = speaking();
    expect(c.feed({ type: "speech-started", participantId: "p", startMs: c.now() })).toEqual([
      "turn-opened",
      "reply-ducked",
    ]);
    expect(c.after(460)).toEqual(["reply-paused"]);
    c.feed({ type: "playback-paused", replyId: "r1", heardMs: 1500 });
    c.feed({ type: "speech-ended", participantId: "p", endMs: c.now() });
    c.say("Stop please.", "t2");
    expect(c.after(400)).toEqual(["turn-committed", "reply-stopped"]);
    expect(c.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1500 })).toEqual([
      "reply-finished",
      "turn-replied",
      "reply-requested",
      "reply-released",
    ]);
    expect(historyOf(c.log).map((message) => ("text" in message ? message.text : ""))).toEqual([
      "Tell me a story.",
      "Once upon a time",
      "Stop please.",
    ]);
  });

  it("resumes after a back-channel and after a noise", () => {
    const c = speaking();
    expect(c.speak(200)).toEqual(["transcript-requested"]);
    expect(c.say("mhm", "t2")).toEqual(["reply-resumed"]);
    expect(c.after(700)).toEqual(["turn-committed", "turn-skipped"]);
    c.speak(1000);
    expect(c.say("", "t3")).toEqual(["reply-resumed"]);
    expect(c.after(700)).toEqual(["turn-committed", "turn-skipped"]);
  });

  it("takes a word over the last moment of a question as its answer", () => {
    const c = speaking();
    c.feed({ type: "playback-progress", replyId: "r1", heardMs: 4500 });
    c.speak(200);
    c.say("yes", "t2");
    expect(c.after(700)).toContain("reply-stopped");
  });
});

describe("a recorded call", () => {
  it("replays without a difference, and recovers from a cut after any fact", () => {
    const c = call({}, "Hello there.");
    c.make("r1", [["Hello there.", 800]]);
    c.feed({ type: "playback-started", replyId: "r1" });
    c.feed({ type: "playback-drained", replyId: "r1", heardMs: 800 });
    c.speak(900);
    c.say("When do you open?", "t1");
    c.after(400);
    expect(replayFacts(c.log).differences).toEqual([]);
    for (let cut = 1; cut <= c.log.length; cut++) {
      const { state, missing } = recoverState(c.log.slice(0, cut));
      expect(c.log.slice(cut, cut + missing.length)).toEqual(missing);
      expect(state.seq).toBe(cut + missing.length);
    }
  });
});
