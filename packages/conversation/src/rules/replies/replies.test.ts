import { describe, expect, it } from "vitest";
import { Drive, error } from "../../../test/drive.ts";

const last = (call: Drive, type: string) => call.log.findLast((fact) => fact.type === type);
const fails = (call: Drive, replyId: string, stage: "llm" | "tts" | "playback" | "realtime") =>
  call.feed({ type: "reply-failed", replyId, stage, error });

describe("what is said without being asked", () => {
  it("the greeting is made at once and sounds when somebody listens", () => {
    const call = Drive.started({}, "Hello there.");
    expect(call.log.at(-1)).toMatchObject({
      type: "reply-requested",
      text: "Hello there.",
      cause: { kind: "greeting" },
    });
    expect(call.join("p")).toEqual(["reply-released"]);
  });

  it("what an operator says waits for what is being said", () => {
    const call = Drive.speaking();
    const say = { type: "say-requested", text: "One moment.", by: "operator", interruptible: false } as const;
    expect(call.feed(say)).toEqual(["reply-requested say"]);
    expect(call.drain("r1", 5000)).toEqual(["reply-finished", "turn-replied", "reply-released"]);
    expect(call.feed({ ...say, text: " " })).toEqual([]);
  });

  it("a track that can't be subscribed is told", () => {
    const call = Drive.call();
    const failed = { type: "track-failed", participantId: "p", trackId: "m", attempts: 3, message: "no" } as const;
    expect(call.feed(failed)).toEqual(["reply-requested fallback", "reply-released"]);
  });

  it("an empty phrase is not said, and is no failure", () => {
    const phrases = { failure: "", notHeard: " ", notUnderstood: "" };
    const call = Drive.call({ phrases, away: { afterMs: 1000, prompt: "" } }, "");
    expect(call.feed({ type: "track-failed", participantId: "p", trackId: "m", attempts: 3, message: "no" })).toEqual(
      [],
    );
    call.speak(500);
    expect([...call.heard("", "t1", 0, false), ...call.after(900)]).toEqual([
      "turn-committed not understood",
      "turn-skipped no-words",
    ]);
    expect(call.after(2000)).not.toContain("reply-requested away");
    call.typed("Hello?");
    expect(fails(call, "r1", "llm")).toEqual(["reply-discarded failed:llm", "turn-failed llm"]);
  });
});

describe("a reply being made", () => {
  const asked = (settings = {}) => {
    const call = Drive.call(settings);
    call.typed("Hello?");
    return call;
  };

  it("has each sentence synthesised once", () => {
    const call = asked();
    const sentence = { type: "reply-sentence", replyId: "r1", index: 0, text: "Hello." } as const;
    expect(call.feed(sentence)).toEqual(["speech-requested"]);
    expect(call.feed(sentence)).toEqual([]);
  });

  it("is not synthesised in a text call, and ends when its text does", () => {
    const call = asked({ mode: "text" });
    expect(call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Hello." })).toEqual([]);
    expect(call.feed({ type: "reply-text-ended", replyId: "r1", step: 0, finishReason: "stop" })).toEqual([
      "reply-finished",
      "turn-replied",
    ]);
  });

  it("brings its own sound in a speech-to-speech call, but for what tools say", () => {
    const call = Drive.call({ mode: "realtime" });
    call.speak(500);
    call.feed({ type: "model-turn-ended", participantId: "p" });
    expect(call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Hello." })).toEqual([]);
    const said = { type: "reply-sentence", replyId: "r1", index: 1_000_001, text: "One moment." } as const;
    expect(call.feed(said)).toEqual(["speech-requested"]);
  });

  it("that sounds without words is heard out", () => {
    const call = Drive.call({ mode: "realtime" });
    call.speak(500);
    call.feed({ type: "model-turn-ended", participantId: "p" });
    call.play("r1", 800);
    expect(call.feed({ type: "reply-text-ended", replyId: "r1", step: 0, finishReason: "stop" })).toEqual([]);
    expect(call.drain("r1", 900)).toEqual(["reply-finished", "turn-replied"]);
  });

  it("that says nothing has failed", () => {
    const call = asked();
    expect(call.make("r1", [])).toEqual([
      "reply-discarded failed:llm",
      "turn-failed llm",
      "reply-requested fallback",
      "reply-released",
    ]);
  });

  it("that fails before it sounds is discarded; one that sounds is heard as far as it was made", () => {
    const silent = asked();
    silent.make("r1", [["Hello.", 900]], { ends: false });
    expect(fails(silent, "r1", "llm").slice(0, 2)).toEqual(["reply-discarded failed:llm", "turn-failed llm"]);

    const sounding = asked();
    sounding.make("r1", [["Hello.", 900]], { ends: false });
    sounding.play("r1", 300);
    expect(fails(sounding, "r1", "tts")).toEqual([]);
    expect(sounding.drain("r1", 900).slice(0, 2)).toEqual(["reply-finished failed:tts", "turn-failed tts"]);
  });

  it("that makes no progress has failed, whatever it waits for", () => {
    const bounds = { bounds: { replyMs: 2000 } };
    const thinking = asked(bounds);
    expect(thinking.after(1999)).toEqual([]);
    expect(thinking.after(1)).toContain("reply-discarded failed:llm");

    const spoken = asked(bounds);
    spoken.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Hello." });
    spoken.feed({ type: "reply-text-ended", replyId: "r1", step: 0, finishReason: "stop" });
    expect(spoken.after(2000)).toContain("reply-discarded failed:tts");

    const played = asked(bounds);
    played.make("r1", [["Hello.", 900]]);
    played.play("r1", 300);
    expect(played.after(2000)).toEqual(["reply-stopped failed"]);
    expect(played.feed({ type: "playback-stopped", replyId: "r1", heardMs: 300 })).toContain("turn-failed playback");

    const both = asked(bounds);
    both.make("r1", [["Hello.", 900]], { ends: false });
    both.play("r1", 300);
    expect(both.after(2000)).toEqual(["reply-stopped failed"]);
  });

  it("that waits to be heard, with sound made ahead, is not pressed to make more", () => {
    const call = Drive.started({ bounds: { replyMs: 2000 } }, "A long greeting. And more of it.");
    call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "A long greeting." });
    call.feed({ type: "reply-sentence", replyId: "r1", index: 1, text: "And more of it." });
    call.feed({ type: "speech-made", replyId: "r1", index: 0, ms: 15_000 });
    expect(call.after(30_000)).toEqual([]);
    expect(call.join("p")).toEqual(["reply-released"]);
    expect(call.after(2000)).toContain("reply-discarded failed:llm");
  });

  it("that had failed and is then played no further ends too", () => {
    const call = asked({ bounds: { replyMs: 2000 } });
    call.make("r1", [["Hello.", 900]], { ends: false });
    call.play("r1", 300);
    fails(call, "r1", "tts");
    expect(call.after(2000)).toEqual(["reply-stopped failed"]);
  });
});

describe("a reply prepared at a pause", () => {
  const prepared = (settings = {}) => {
    const call = Drive.call({ speculation: { policy: "at-pause", maxPerTurn: 2 }, ...settings });
    call.speak(500);
    return call;
  };

  it("is the one that is released when nothing more is said", () => {
    const call = prepared();
    expect(call.heard("A table.")).toEqual(["reply-requested speculative"]);
    expect(call.after(1000)).toEqual(["turn-committed", "reply-released"]);
  });

  it("is discarded as soon as more is said, and prepared again only so often", () => {
    const call = prepared();
    call.heard("A table.");
    expect(call.speak(200)).toEqual(["reply-discarded turn-went-on", "transcript-requested"]);
    expect(call.heard("For two.", "t1", 1)).toEqual(["reply-requested speculative"]);
    expect(call.speak(200)).toEqual(["reply-discarded turn-went-on", "transcript-requested"]);
    expect(call.heard("Tonight.", "t1", 2)).toEqual([]);
    expect(call.after(1000)).toEqual(["turn-committed", "reply-requested turn", "reply-released"]);
  });

  const never: [what: string, settings: object, text: string][] = [
    ["for nothing", {}, ""],
    ["when the author reviews turns", { reviewTurns: true }, "A table."],
    ["when that is switched off", { speculation: { policy: "never" } }, "A table."],
    ["when none are allowed", { speculation: { maxPerTurn: 0 } }, "A table."],
  ];
  it.each(never)("is not prepared %s", (_what, settings, text) => {
    expect(prepared(settings).heard(text)).not.toContain("reply-requested speculative");
  });

  it("is not prepared while what was heard of the last one is still changing", () => {
    const call = Drive.speaking({ speculation: { policy: "at-pause" }, interruption: { policy: "words" } });
    call.begin();
    call.pause();
    expect(call.heard("yes", "t2")).not.toContain("reply-requested speculative");
  });
});

describe("tools of a reply", () => {
  const tool = {
    type: "tool-called",
    replyId: "r1",
    toolCallId: "k",
    tool: "book",
    args: {},
    effectful: true,
  } as const;

  it("go back to the model when all of a step have answered", () => {
    const call = Drive.call();
    call.typed("Book it.");
    call.feed({ ...tool, step: 0 });
    call.feed({ ...tool, toolCallId: "l", step: 0 });
    call.make("r1", []);
    expect(call.feed({ type: "tool-finished", toolCallId: "k", result: 1 })).toEqual([]);
    expect(call.feed({ type: "tool-failed", toolCallId: "l", error })).toEqual(["reply-continued"]);
  });

  it("go back only so often", () => {
    const call = Drive.call({ maxToolSteps: 1 });
    call.typed("Book it.");
    call.feed({ ...tool, step: 0 });
    call.make("r1", []);
    expect(call.feed({ type: "tool-finished", toolCallId: "k", result: 1 })).toEqual(["reply-continued"]);
    call.feed({ ...tool, toolCallId: "l", step: 1 });
    call.make("r1", [["Done.", 500]], { step: 1 });
    expect(call.feed({ type: "tool-finished", toolCallId: "l", result: 1 })).toEqual([]);
    call.play("r1", 500);
    expect(call.drain("r1", 500)).toEqual(["reply-finished", "turn-replied"]);
  });
});

describe("after a recovery", () => {
  it("what was cut is taken up from what was heard", () => {
    const call = Drive.speaking();
    expect(call.recover()).toEqual(["reply-requested resume", "reply-finished", "turn-replied"]);
    expect(last(call, "reply-requested")).toMatchObject({ text: "there was a harbour. It was full of boats." });
  });

  it("what was cut is taken up at the very word, where the voice gives words' times", () => {
    const call = Drive.started({}, "Good evening to you.");
    call.join("p");
    call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Good evening to you." });
    const words = ["Good", "evening", "to", "you."].map((word, nth) => ({
      word,
      startMs: nth * 100,
      endMs: nth * 100 + 90,
    }));
    call.feed({ type: "speech-made", replyId: "r1", index: 0, ms: 3000, words });
    call.play("r1", 200);
    call.recover();
    expect(call.log.find((fact) => fact.type === "reply-requested" && fact.cause.kind === "resume")).toMatchObject({
      text: "to you.",
    });
  });

  it("what nobody heard is said or answered anew", () => {
    const greeted = Drive.started({}, "Hello there.");
    expect(greeted.recover()).toEqual(["reply-requested greeting", "reply-discarded recovered"]);
    const asked = Drive.call();
    asked.typed("Hello?");
    expect(asked.recover()).toEqual(["reply-discarded recovered", "reply-requested turn"]);
  });

  it("what had failed, or was being stopped, is not taken up", () => {
    const failed = Drive.speaking();
    fails(failed, "r1", "tts");
    expect(failed.recover()).not.toContain("reply-requested resume");
    const stopped = Drive.speaking();
    stopped.feed({ type: "interrupt-requested", by: "operator" });
    expect(stopped.recover()).toEqual(["reply-finished", "turn-replied"]);
  });
});
