import { describe, expect, it, test } from "vitest";
import { Drive } from "../../test/drive.ts";
import { consentIn } from "../policies/consent.ts";
import { recordingMode } from "../policies/recording-mode.ts";

const QUESTION = "May I record this call? Please say yes or no.";
const request = (call: Drive, action: "start" | "pause" | "resume" | "stop") =>
  call.feed({ type: "recording-requested", action, by: "key:1" });

/** The question was said. */
function asked(greeting: string | null = "How can I help?"): Drive {
  const call = Drive.call({ recording: { mode: "ask" } }, greeting);
  call.make("r1", [[QUESTION, 2000]]);
  call.play("r1", 2000);
  call.drain("r1", 2000);
  return call;
}

/** Is answered so. */
function answer(call: Drive, text: string): string[] {
  call.speak(500);
  call.heard(text);
  return call.after(2000);
}

describe("a call that is recorded", () => {
  it("is so from its first fact on, and says so before it greets", () => {
    const call = Drive.started({ recording: { mode: "on", announcement: "This call is recorded." } }, "Hello.");
    expect(call.log.map(({ type }) => type)).toEqual([
      "call-started",
      "recording-changed",
      "reply-requested",
      "reply-requested",
    ]);
    expect(call.state.replies.active).toMatchObject([
      { text: "This call is recorded.", interruptible: false },
      { text: "Hello.", interruptible: true },
    ]);
  });

  it("is paused, goes on, is stopped and begun again, each said once", () => {
    const call = Drive.call({ recording: { mode: "on" } });
    expect(request(call, "pause")).toEqual(["recording-changed paused requested"]);
    expect(request(call, "pause")).toEqual([]);
    expect(request(call, "resume")).toEqual(["recording-changed on requested"]);
    expect(request(call, "resume")).toEqual([]);
    expect(request(call, "stop")).toEqual(["recording-changed off requested"]);
    expect(request(call, "resume")).toEqual([]);
    expect(request(call, "start")).toEqual(["recording-changed on requested"]);
    expect(call.feed({ type: "recording-failed", code: "x", message: "no room" })).toEqual([
      "recording-changed off failed",
    ]);
  });

  it("goes on as it was in another process", () => {
    const call = Drive.call({ recording: { mode: "on" } });
    request(call, "pause");
    call.recover();
    expect(call.state.recording.now).toBe("paused");
  });

  it("is none where its author wants none", () => {
    const call = Drive.call();
    expect(request(call, "start")).toEqual([]);
    expect(call.feed({ type: "recording-answered", agreed: true, by: "agent" })).toEqual([]);
  });
});

describe("a caller who is asked", () => {
  it("is recorded once he has said yes, and greeted then", () => {
    const call = asked();
    expect(call.state.recording.now).toBe("asking");
    expect(answer(call, "Yes, please.")).toEqual([
      "turn-committed",
      "turn-skipped consent",
      "recording-changed on agreed",
      "reply-requested greeting",
      "reply-released",
    ]);
    expect(call.log.findLast(({ type }) => type === "recording-changed")).toMatchObject({ by: "p" });
  });

  it("is not when he says no, and is greeted all the same", () => {
    expect(answer(asked(), "No, thank you.")).toEqual([
      "turn-committed",
      "turn-skipped consent",
      "recording-changed off refused",
      "reply-requested greeting",
      "reply-released",
    ]);
  });

  it("is not when he says nothing", () => {
    const call = asked();
    expect(call.after(7900)).toEqual([]);
    expect(call.after(200)).toEqual(["recording-changed off no-answer", "reply-requested greeting", "reply-released"]);
  });

  it("is answered instead when he says something else, and may agree later", () => {
    const call = asked();
    expect(answer(call, "I would like to book a table for two.")).toEqual([
      "turn-committed",
      "recording-changed off unclear",
      "reply-requested turn",
      "reply-released",
    ]);
    expect(request(call, "start")).toEqual([]);
    expect(call.feed({ type: "recording-answered", agreed: true, by: "tool" })).toEqual([
      "recording-changed on agreed",
    ]);
    expect(call.feed({ type: "recording-answered", agreed: false, by: "tool" })).toEqual([
      "recording-changed off refused",
    ]);
    expect(request(call, "start")).toEqual([]);
  });

  it("does not agree to what he has not heard", () => {
    const call = Drive.call({ recording: { mode: "ask" } }, "How can I help?");
    expect(answer(call, "Yes.")).not.toContain("recording-changed on agreed");
    expect(call.state.recording.now).toBe("asking");
    const over = Drive.call({ recording: { mode: "ask" } }, null);
    over.make("r1", [[QUESTION, 5000]]);
    over.play("r1", 500);
    expect(answer(over, "Yes.")).not.toContain("recording-changed on agreed");
  });

  it("is greeted, and not recorded, when the question can't be said", () => {
    const call = Drive.call({ recording: { mode: "ask" } }, "Hello.");
    const error = { code: "x", category: "provider", message: "x", retryable: false };
    expect(call.feed({ type: "reply-failed", replyId: "r1", stage: "tts", error })).toEqual([
      "reply-discarded failed:tts",
      "recording-changed off no-answer",
      "reply-requested greeting",
      "reply-released",
    ]);
  });

  it("is asked again by the process that takes the call over, and answers that one", () => {
    const call = Drive.call({ recording: { mode: "ask" } }, "Hello.");
    call.make("r1", [[QUESTION, 2000]]);
    call.recover();
    call.join("p");
    const again = call.state.recording.questionId!;
    expect(again).not.toBe("r1");
    call.make(again, [[QUESTION, 2000]]);
    call.play(again, 2000);
    call.drain(again, 2000);
    call.begin();
    call.after(500);
    call.pause();
    call.heard("Yes.", "t1");
    expect(call.after(2000)).toContain("recording-changed on agreed");
  });
});

test.each([
  ["Yes.", "en", "yes"],
  ["Sure, no problem.", "en-GB", "yes"],
  ["No.", "en", "no"],
  ["I don’t think so", "en", "no"],
  ["yes no", "en", "no"],
  ["Yes I would like to book a table for two", "en", null],
  ["Who is speaking?", "en", null],
  ["know", "en", null],
  ["", "en", null],
  ["Ja, gerne.", "de-AT", "yes"],
  ["Nein danke", "de", "no"],
  ["Oui, pas de problème", "fr", "yes"],
  ["Sí, claro", "es", "yes"],
  ["Não", "pt-BR", "no"],
  ["Yes", "xx", null],
  ["constructor", "constructor", null],
])("%s (%s) means %s", (text, language, meaning) => {
  expect(consentIn(text, language)).toBe(meaning);
});

test.each([
  ["off", "on", "off"],
  ["on", "off", "off"],
  ["on", "ask", "ask"],
  ["on", "on", "on"],
  ["ask", "on", "ask"],
  ["ask", "off", "off"],
  ["on-request", undefined, "on-request"],
  ["on-request", "on", "on"],
  ["on-request", "ask", "ask"],
  ["on-request", ["on"], "on-request"],
] as const)("an agent that permits %s, in a call that wants %s: %s", (permitted, wanted, mode) => {
  expect(recordingMode(permitted, wanted)).toBe(mode);
});
