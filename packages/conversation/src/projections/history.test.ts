import { describe, expect, it } from "vitest";
import { Drive, error } from "../../test/drive.ts";
import { emptyHistory, evolveHistory, historyOf, messages } from "./history.ts";

const user = (text: string, participantId = "p") => ({ role: "user", text, participantId });
const tool = { type: "tool-called", replyId: "r1", step: 0, tool: "book", args: { seats: 2 } } as const;
const ofReply = (call: Drive, replyId: string) => messages(call.log.reduce(evolveHistory, emptyHistory), replyId);

describe("the history", () => {
  it("holds what was said and what was heard", () => {
    const call = Drive.speaking();
    call.drain("r1", 5000);
    expect(historyOf(call.log)).toEqual([
      user("Tell me a story."),
      { role: "assistant", text: "Once upon a time there was a harbour. It was full of boats." },
    ]);
  });

  it("cuts an interrupted reply at the word, by the voice's word times", () => {
    const call = Drive.call();
    call.typed("Hello?");
    call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Good evening to you." });
    const words = ["Good", "evening", "to", "you."].map((word, nth) => ({
      word,
      startMs: nth * 100,
      endMs: nth * 100 + 90,
    }));
    call.feed({ type: "speech-made", replyId: "r1", index: 0, ms: 3000, words });
    call.play("r1", 200);
    call.feed({ type: "interrupt-requested", by: "o" });
    call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 200 });
    expect(historyOf(call.log)).toEqual([
      user("Hello?"),
      { role: "assistant", text: "Good evening", interrupted: true },
    ]);
  });

  it("has nothing of a reply that nobody heard", () => {
    const call = Drive.call();
    call.typed("Hello?");
    call.make("r1", [["Good evening.", 900]]);
    call.typed("Anybody?");
    expect(historyOf(call.log)).toEqual([user("Hello?"), user("Anybody?")]);
  });

  it("takes nothing twice, nothing after the end, nothing back", () => {
    const call = Drive.call();
    call.typed("Hello?");
    call.make("r1", [["Good evening.", 900]]);
    call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Good evening." });
    call.play("r1", 900);
    call.drain("r1", 900);
    call.feed({ type: "reply-sentence", replyId: "r1", index: 1, text: "And more." });
    call.feed({ type: "playback-progress", replyId: "r1", heardMs: 250 });
    expect(historyOf(call.log)).toEqual([user("Hello?"), { role: "assistant", text: "Good evening." }]);
  });

  it("shows a model the steps of its own reply, heard or not", () => {
    const call = Drive.call();
    call.typed("Book it.");
    call.feed({ ...tool, toolCallId: "k", effectful: true });
    call.make("r1", [["One moment.", 900]]);
    call.feed({ type: "tool-finished", toolCallId: "k", result: "done" });
    expect(ofReply(call, "r1")).toEqual([
      user("Book it."),
      { role: "assistant", text: "One moment.", toolCalls: [{ toolCallId: "k", tool: "book", args: { seats: 2 } }] },
      { role: "tool", toolCallId: "k", tool: "book", result: "done" },
    ]);
  });

  it("keeps each step's words and tools in their order", () => {
    const call = Drive.call();
    call.typed("Book it.");
    call.feed({ ...tool, toolCallId: "k", effectful: true });
    call.make("r1", [["One moment.", 900]]);
    call.feed({ type: "tool-finished", toolCallId: "k", result: "done" });
    call.feed({ type: "reply-sentence", replyId: "r1", index: 1, text: "It is booked." });
    call.feed({ type: "speech-made", replyId: "r1", index: 1, ms: 1000 });
    call.feed({ type: "reply-text-ended", replyId: "r1", step: 1, finishReason: "stop" });
    call.play("r1", 1900);
    call.drain("r1", 1900);
    expect(historyOf(call.log).map((message) => ("text" in message ? message.text : message.result))).toEqual([
      "Book it.",
      "One moment.",
      "done",
      "It is booked.",
    ]);
  });

  it("never forgets what had an effect, whatever became of its reply, and knows what came of it", () => {
    const call = Drive.call();
    call.typed("Book it.");
    call.feed({ ...tool, toolCallId: "k", effectful: true });
    call.feed({ ...tool, toolCallId: "l", effectful: false });
    call.typed("For three.");
    expect(historyOf(call.log)[2]).toMatchObject({
      role: "tool",
      toolCallId: "k",
      result: { error: "cancelled: turn skipped" },
    });
    call.feed({ type: "tool-finished", toolCallId: "k", result: "booked" });
    expect(historyOf(call.log).slice(0, 3)).toMatchObject([
      user("Book it."),
      { role: "assistant" },
      { result: "booked" },
    ]);
  });

  it("tells what failed", () => {
    const call = Drive.call();
    call.typed("Book it.");
    call.feed({ ...tool, toolCallId: "k", effectful: true });
    call.feed({ type: "tool-failed", toolCallId: "k", error });
    expect(ofReply(call, "r1").at(-1)).toMatchObject({ role: "tool", result: { error: "x failed" } });
  });

  it("forgets a back-channel", () => {
    const call = Drive.speaking();
    call.speak(200);
    call.heard("okay", "t2");
    call.after(1000);
    call.heard("okay", "t2");
    expect(historyOf(call.log)).not.toContainEqual(user("okay"));
  });

  it("remembers a turn as the author rewrote it, even late", () => {
    const call = Drive.call({ reviewTurns: true });
    call.typed("My card is 4111.");
    call.feed({ type: "turn-reviewed", turnId: "t1", verdict: "reply", text: "My card is ****." });
    expect(historyOf(call.log)).toEqual([user("My card is ****.")]);
    call.feed({ type: "turn-reviewed", turnId: "t1", verdict: "reply", text: "(removed)" });
    expect(historyOf(call.log)).toEqual([user("(removed)")]);
  });

  it("keeps the place of words that a speech-to-speech model tells late", () => {
    const call = Drive.call({ mode: "realtime" });
    call.speak(500);
    call.feed({ type: "model-turn-ended", participantId: "p" });
    call.make("r1", [["Good evening.", 900]]);
    call.play("r1", 900);
    call.drain("r1", 900);
    expect(historyOf(call.log)).toEqual([{ role: "assistant", text: "Good evening." }]);
    call.heard(" Hello? ", "t1");
    expect(historyOf(call.log)).toEqual([user("Hello?"), { role: "assistant", text: "Good evening." }]);
  });

  it("of a text call holds what was shown: whole replies, once they are finished", () => {
    const call = Drive.call({ mode: "text" });
    call.typed("Hello?");
    call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Good evening." });
    expect(historyOf(call.log)).toEqual([user("Hello?")]);
    call.feed({ type: "reply-text-ended", replyId: "r1", step: 0, finishReason: "stop" });
    expect(historyOf(call.log)).toEqual([user("Hello?"), { role: "assistant", text: "Good evening." }]);
  });
});
