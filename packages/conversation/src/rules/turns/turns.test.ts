import { describe, expect, it } from "vitest";
import { Drive, error } from "../../../test/drive.ts";

const last = (call: Drive, type: string) => call.log.findLast((fact) => fact.type === type);

describe("the end of a turn", () => {
  const fixed = { endpointing: { policy: "fixed" as const, minMs: 500 } };

  it("comes when the silence is long enough and the words are there, whichever is later", () => {
    const early = Drive.call(fixed);
    early.speak(800);
    early.heard("Hello there.");
    expect(early.after(499)).toEqual([]);
    expect(early.after(1)).toContain("turn-committed");

    const late = Drive.call(fixed);
    late.speak(800);
    expect(late.after(2000)).toEqual([]);
    expect(late.heard("Hello there.")).toContain("turn-committed");
  });

  it("comes with its words when the speech came as a whole", () => {
    const call = Drive.call(fixed);
    call.begin();
    call.feed({ type: "speech-ended", participantId: "p", endMs: call.state.at, whole: true });
    expect(call.heard("Hello there.")).toContain("turn-committed");
  });

  it("waits for speech that goes on, and takes all its stretches in order, whatever order they are transcribed in", () => {
    const call = Drive.call(fixed);
    call.speak(500);
    call.after(300);
    call.speak(500);
    call.heard("a table.", "t1", 1);
    expect(call.after(1000)).toEqual([]);
    call.heard("I want", "t1", 0);
    expect(last(call, "turn-committed")).toMatchObject({ turnId: "t1", text: "I want a table.", understood: true });
  });

  it("transcribes a stretch anew when it goes on after a short pause, and forgets what was told of it before", () => {
    const call = Drive.call(fixed);
    expect(call.speak(500)).toContain("transcript-requested");
    call.after(100);
    call.goOn(0);
    expect(call.heard("I want")).toEqual([]);
    call.after(400);
    expect(call.pause()).toEqual(["transcript-requested"]);
    expect(last(call, "transcript-requested")).toMatchObject({ segment: 0, take: 1 });
    expect(call.heard("I want")).toEqual([]);
    expect(call.after(600)).toEqual([]);
    expect(call.heard("I want a table.", "t1", 0, true, 1)).toContain("turn-committed");
    expect(last(call, "turn-committed")).toMatchObject({ text: "I want a table.", endMs: 1000 });
  });

  it("does not end at the deadline of a pause that was none", () => {
    const call = Drive.call(fixed);
    call.speak(500);
    call.heard("I want");
    call.after(100);
    call.goOn(0);
    call.after(200);
    call.pause();
    call.heard("I want a table.", "t1", 0, true, 1);
    expect(call.after(499)).toEqual([]);
    expect(call.after(1)).toContain("turn-committed");
  });

  it("does not wait for a transcript without end", () => {
    const call = Drive.call({ ...fixed, bounds: { transcriptMs: 3000 } });
    call.speak(500);
    expect(call.after(2999)).toEqual([]);
    expect(call.after(1)).toEqual([
      "turn-committed empty",
      "turn-failed stt",
      "reply-requested fallback",
      "reply-released",
    ]);
  });

  it("keeps the words of other stretches when one could not be transcribed", () => {
    const call = Drive.call(fixed);
    call.speak(500);
    call.after(100);
    call.speak(500);
    call.heard("A table for two.", "t1", 0);
    call.feed({ type: "transcript-failed", participantId: "p", turnId: "t1", segment: 1, error });
    expect(call.after(500)).toContain("turn-committed");
    expect(last(call, "turn-committed")).toMatchObject({ text: "A table for two." });
  });

  it("takes somebody who speaks without end at his words so far", () => {
    const call = Drive.call({ ...fixed, bounds: { turnMs: 4000 } });
    call.begin();
    expect(call.after(4000)).toEqual(["transcript-requested"]);
    call.heard("and so on");
    expect(call.after(500)).toContain("turn-committed");
  });

  it("does not take a lost network for silence, but does not wait for it longer than for somebody who left", () => {
    const call = Drive.call({ ...fixed, closing: { graceMs: 10_000 } });
    call.speak(500);
    call.feed({ type: "network-changed", participantId: "p", state: "lost" });
    call.heard("Hello there.");
    expect(call.after(9999)).toEqual([]);
    expect(call.after(1)).toContain("turn-committed");
  });

  it("comes at once when the network is back and the silence has been long enough", () => {
    const call = Drive.call(fixed);
    call.speak(500);
    call.feed({ type: "network-changed", participantId: "p", state: "lost" });
    call.heard("Hello there.");
    call.after(3000);
    expect(call.feed({ type: "network-changed", participantId: "p", state: "back" })).toContain("turn-committed");
  });

  it("is not changed by a transcript that comes too late or twice", () => {
    const call = Drive.call(fixed);
    call.speak(500);
    call.heard("Hello there.");
    call.heard("Something else.");
    call.after(500);
    expect(call.heard("Again.")).toEqual([]);
    expect(last(call, "turn-committed")).toMatchObject({ text: "Hello there." });
  });

  it("is the model's to say in a speech-to-speech call, with a bound", () => {
    const asked = Drive.call({ mode: "realtime" });
    asked.speak(500);
    expect(asked.feed({ type: "model-turn-ended", participantId: "p" })).toContain("turn-committed empty");
    const never = Drive.call({ mode: "realtime", bounds: { transcriptMs: 4000 } });
    never.speak(500);
    expect(never.after(3999)).toEqual([]);
    expect(never.after(1)).toContain("turn-committed empty");
  });
});

describe("what a committed turn leads to", () => {
  const table: [what: string, text: string, understood: boolean, decided: string[]][] = [
    ["words: an answer", "Hello there.", true, ["turn-committed", "reply-requested turn", "reply-released"]],
    ["nothing: nothing", "", true, ["turn-committed empty", "turn-skipped no-words"]],
    ["only space: nothing", "  ", true, ["turn-committed empty", "turn-skipped no-words"]],
    [
      "speech nobody understands: saying so",
      "",
      false,
      ["turn-committed not understood", "reply-requested turn", "reply-released"],
    ],
    [
      "a back-channel, with nothing to go on with: an answer",
      "okay",
      true,
      ["turn-committed", "reply-requested turn", "reply-released"],
    ],
  ];
  it.each(table)("%s", (_what, text, understood, decided) => {
    const call = Drive.call();
    call.speak(500);
    expect([...call.heard(text, "t1", 0, understood), ...call.after(2000)]).toEqual(decided);
  });

  it("a typed message is a whole turn; a blank one, or one from somebody who is not there, is none", () => {
    const call = Drive.call();
    expect(call.typed("Hello?")).toEqual([
      "turn-opened text",
      "turn-committed",
      "reply-requested turn",
      "reply-released",
    ]);
    expect(call.typed("  ")).toEqual([]);
    expect(call.typed("Hello?", "nobody")).toEqual([]);
  });

  it("a turn that nobody has heard an answer to is answered together with the next", () => {
    const call = Drive.call();
    call.typed("A table.");
    expect(call.typed("For two.")).toEqual([
      "turn-opened text",
      "turn-committed",
      "turn-skipped superseded",
      "reply-discarded superseded",
      "reply-requested turn",
      "reply-released",
    ]);
  });

  it("a turn of a call that ends keeps its words", () => {
    const call = Drive.call();
    call.speak(500);
    call.heard("Hello there.");
    const decided = call.feed({ type: "close-requested", reason: "operator", afterReply: false });
    expect(decided).toEqual(["call-closing operator", "turn-committed", "turn-skipped call-ended", "call-closed"]);
  });
});

describe("the author's review", () => {
  const reviewed = { reviewTurns: true, bounds: { reviewMs: 1000 } };
  const review = (call: Drive, verdict: "reply" | "skip", text?: string, turnId = "t1") =>
    call.feed({ type: "turn-reviewed", turnId, verdict, ...(text === undefined ? {} : { text }) });

  it("comes before the reply", () => {
    const call = Drive.call(reviewed);
    expect(call.typed("Hello?")).toEqual(["turn-opened text", "turn-committed", "turn-review-requested"]);
    expect(review(call, "reply")).toEqual(["reply-requested turn", "reply-released"]);
  });

  it("may keep the agent silent", () => {
    const call = Drive.call(reviewed);
    call.typed("Hello?");
    expect(review(call, "skip")).toEqual(["turn-skipped author"]);
  });

  it("is not waited for without end, and a verdict after that comes too late", () => {
    const call = Drive.call(reviewed);
    call.typed("Hello?");
    expect(call.after(1000)).toEqual(["reply-requested turn", "reply-released"]);
    expect(review(call, "skip")).toEqual([]);
  });

  it("decides whether earlier turns are answered with this one", () => {
    const both = Drive.call(reviewed);
    both.typed("A table.");
    review(both, "reply");
    both.typed("For two.");
    expect(review(both, "reply", undefined, "t2")).toContain("turn-skipped superseded");

    const first = Drive.call(reviewed);
    first.typed("A table.");
    review(first, "reply");
    expect(first.typed("(to a friend) wait")).toContain("reply-paused floor-taken");
    expect(review(first, "skip", undefined, "t2")).toEqual(["turn-skipped author", "reply-resumed"]);
  });
});

describe("after a recovery", () => {
  it("speech that was not transcribed is lost, and its turn ends", () => {
    const call = Drive.call();
    call.speak(500);
    expect(call.recover()).toEqual([]);
    expect(call.after(1000)).toEqual(["turn-committed empty", "turn-failed stt", "reply-requested fallback"]);
  });
});
