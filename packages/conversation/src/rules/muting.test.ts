import { describe, expect, it } from "vitest";
import { Drive } from "../../test/drive.ts";
import { emptyHistory, evolveHistory, messages } from "../projections/history.ts";
import { deadlines } from "./index.ts";

const mute = (call: Drive, muted: boolean) => call.feed({ type: "mute-changed", muted, by: "operator" });

describe("a muted agent", () => {
  it("falls silent at once, and what was heard of its answer counts", () => {
    const call = Drive.speaking();
    expect(mute(call, true)).toEqual(["reply-stopped requested"]);
    expect(call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1600 })).toEqual([
      "reply-finished",
      "turn-replied",
    ]);
    expect(mute(call, true)).toEqual([]);
  });

  it("drops what it was about to say, and leaves the turn unanswered", () => {
    const call = Drive.call();
    call.typed("What time is it?");
    expect(mute(call, true)).toEqual(["turn-skipped muted", "reply-discarded muted"]);
    const greeting = Drive.started({}, "Hello.");
    expect(mute(greeting, true)).toEqual(["reply-discarded muted"]);
    expect(greeting.join("p")).toEqual([]);
  });

  it("cancels the tool of an answer that it drops, and asks the model nothing more", () => {
    const call = Drive.call();
    call.typed("Book a table.");
    const tool = { replyId: "r1", step: 0, toolCallId: "c1", tool: "book", args: {}, effectful: true };
    expect(call.feed({ type: "tool-called", ...tool })).toEqual(["tool-started"]);
    call.feed({ type: "reply-text-ended", replyId: "r1", step: 0, finishReason: "tool-calls" });
    expect(mute(call, true)).toEqual(["turn-skipped muted", "tool-cancelled turn skipped", "reply-discarded muted"]);
  });

  it("hears and remembers, prepares nothing, and answers nothing", () => {
    const call = Drive.call({ speculation: { policy: "at-pause" }, reviewTurns: true });
    mute(call, true);
    expect(call.speak(1000)).toEqual(["turn-opened speech", "transcript-requested"]);
    expect(call.heard("We open at nine.")).toEqual([]);
    expect(call.after(2000)).toEqual(["turn-committed", "turn-skipped muted"]);
    expect(call.typed("Tomorrow at ten.")).toEqual(["turn-opened text", "turn-committed", "turn-skipped muted"]);
    const history = call.log.reduce(evolveHistory, emptyHistory);
    expect(messages(history).map((message) => message.role === "user" && message.text)).toEqual([
      "We open at nine.",
      "Tomorrow at ten.",
    ]);
  });

  it("says nothing that anybody asks it to say", () => {
    const call = Drive.call();
    mute(call, true);
    expect(call.feed({ type: "say-requested", text: "Hello?", by: "agent", interruptible: true })).toEqual([]);
    const lost = { participantId: "p", trackId: "x", attempts: 3, message: "no" };
    expect(call.feed({ type: "track-failed", ...lost })).toEqual([]);
  });

  it("finds nobody away", () => {
    const call = Drive.call({ away: { afterMs: 2000, prompt: "Are you there?" } });
    mute(call, true);
    expect(deadlines(call.state)).toEqual([]);
    expect(call.after(10_000)).toEqual([]);
    mute(call, false);
    expect(call.after(1999)).toEqual([]);
    expect(call.after(1)).toEqual(["user-away", "reply-requested away", "reply-released"]);
  });

  it("answers again once it may: not what was said before, but what goes on being said", () => {
    const call = Drive.call();
    mute(call, true);
    call.typed("Not for you.");
    call.begin();
    expect(mute(call, false)).toEqual([]);
    call.after(500);
    call.pause();
    call.heard("What time is it?", "t2");
    expect(call.after(2000)).toEqual(["turn-committed", "reply-requested turn", "reply-released"]);
  });

  it("stays muted over a recovery, and takes nothing up", () => {
    const call = Drive.speaking();
    mute(call, true);
    expect(call.recover()).toEqual(["reply-finished", "turn-replied"]);
    call.join("p");
    expect(call.state.muted).toBe(true);
    expect(call.typed("Hello?").slice(-1)).toEqual(["turn-skipped muted"]);
  });

  it("says no goodbye when its call is given up", () => {
    const call = Drive.call();
    mute(call, true);
    const farewell = { text: "Please call again.", reason: "recovered-too-often" };
    expect(call.feed({ type: "call-recovered", wallMs: 0, by: "w2", farewell })).toEqual([
      "call-closing recovered-too-often",
      "call-closed",
    ]);
  });
});

it("the language of a call may change, and stays changed over a recovery", () => {
  const call = Drive.call();
  expect(call.feed({ type: "language-changed", language: "de-DE", by: "operator" })).toEqual([]);
  expect(call.state.language).toBe("de-DE");
  call.recover();
  expect(call.state.language).toBe("de-DE");
});
