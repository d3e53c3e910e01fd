import { describe, expect, it } from "vitest";
import { Drive, error } from "../../test/drive.ts";
import type { SettingsInput } from "../settings.ts";

const interim = (call: Drive, text: string, turnId = "t2") =>
  call.feed({ type: "transcript-interim", participantId: "p", turnId, segment: 0, text });

describe("barge-in", () => {
  /** Speech of 300 ms, then of 700 ms, then its words. */
  const table: [what: string, settings: SettingsInput["interruption"], at300: string[], at700: string[]][] = [
    [
      "by length",
      { policy: "length", minSpeechMs: 450 },
      ["turn-opened speech over a reply", "reply-ducked"],
      ["reply-paused speech-length"],
    ],
    [
      "by length, at once",
      { policy: "length", minSpeechMs: 0 },
      ["turn-opened speech over a reply", "reply-ducked", "reply-paused speech-length"],
      [],
    ],
    ["by words: length does nothing", { policy: "words" }, ["turn-opened speech over a reply", "reply-ducked"], []],
    ["off: nothing does", { policy: "off" }, ["turn-opened speech over a reply"], []],
  ];
  it.each(table)("%s", (_what, interruption, at300, at700) => {
    const call = Drive.speaking({ interruption });
    expect([...call.begin(), ...call.after(300)]).toEqual(at300);
    expect(call.after(400)).toEqual(at700);
  });

  const words: [text: string, policy: "length" | "words" | "off", minWords: number, decided: string[]][] = [
    ["no wait", "words", 1, ["reply-paused words"]],
    ["no wait", "length", 2, ["reply-paused words"]],
    ["wait", "words", 2, []],
    ["mhm", "words", 1, []],
    ["yes okay", "words", 1, []],
    ["no wait", "off", 1, []],
    ["", "words", 1, []],
  ];
  it.each(words)("words as they come: %j, policy %s, at least %i", (text, policy, minWords, decided) => {
    const call = Drive.speaking({ interruption: { policy, minWords } });
    call.begin();
    expect(interim(call, text)).toEqual(decided);
    // What nothing rests on is not in the log.
    expect(call.log.some((fact) => fact.type === "transcript-interim")).toBe(decided.length > 0);
  });

  it("a short sound brings the voice back after duckMs", () => {
    const call = Drive.speaking({ interruption: { duckMs: 600 } });
    call.speak(200);
    expect(call.after(599)).toEqual([]);
    expect(call.after(1)).toEqual(["reply-resumed"]);
  });

  it("a turn with words stops the reply, which is then remembered as interrupted", () => {
    const call = Drive.speaking();
    call.speak(300);
    call.heard("Stop please.", "t2");
    expect(call.after(1000)).toEqual(["turn-committed", "reply-stopped interrupted"]);
    expect(call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1700 })).toEqual([
      "reply-finished",
      "turn-replied",
      "reply-requested turn",
      "reply-released",
    ]);
  });

  it("a back-channel does not, unless nearly everything was said", () => {
    const middle = Drive.speaking({ interruption: { tailMs: 1200 } });
    middle.speak(300);
    // Nobody waits for the end of that turn: what it is, is known.
    expect(middle.heard("okay", "t2")).toEqual(["reply-resumed"]);
    expect(middle.after(1000)).toEqual(["turn-committed", "turn-skipped back-channel"]);
    const end = Drive.speaking({ interruption: { tailMs: 1200 } });
    end.feed({ type: "playback-progress", replyId: "r1", heardMs: 4000 });
    end.speak(300);
    end.heard("okay", "t2");
    expect(end.after(1000)).toContain("reply-stopped interrupted");
  });

  it("a long cough, or a long back-channel, is over for the reply as soon as its words are there", () => {
    for (const words of ["", "okay right"]) {
      const call = Drive.speaking();
      expect([...call.speak(700)]).toContain("reply-paused speech-length");
      call.after(100);
      expect(call.heard(words, "t2")).toEqual(["reply-resumed"]);
      expect(call.after(2000)).not.toContain("reply-stopped interrupted");
    }
  });

  it("a back-channel that goes on as an interruption ducks again, and stops", () => {
    const call = Drive.speaking();
    call.speak(300);
    expect(call.heard("okay", "t2")).toEqual(["reply-resumed"]);
    call.after(100);
    expect(call.speak(300)).toContain("reply-ducked");
    expect(call.heard("but wait", "t2", 1)).toEqual(["reply-paused words"]);
    expect(call.after(2000)).toContain("reply-stopped interrupted");
  });

  it("does not go on while words are awaited, are more than a back-channel, or could not be made out", () => {
    const awaited = Drive.speaking();
    awaited.speak(700);
    awaited.after(100);
    awaited.speak(200);
    expect(awaited.heard("okay", "t2", 0)).toEqual([]);
    expect(awaited.heard("wait", "t2", 1)).toEqual([]);
    const failed = Drive.speaking();
    failed.speak(700);
    failed.after(100);
    expect(failed.feed({ type: "transcript-failed", participantId: "p", turnId: "t2", segment: 0, error })).toEqual([]);
  });

  it("what must not be interrupted is said to its end; the turn is answered then", () => {
    const call = Drive.call();
    call.feed({ type: "say-requested", text: "This call is recorded.", by: "agent", interruptible: false });
    call.make("r1", [["This call is recorded.", 1500]]);
    call.play("r1", 300);
    expect(call.begin()).toEqual(["turn-opened speech over a reply"]);
    call.after(600);
    call.pause();
    call.heard("Stop please.", "t1");
    expect(call.after(600)).toEqual(["turn-committed"]);
    expect(call.drain("r1", 1500)).toEqual(["reply-finished", "reply-requested turn", "reply-released"]);
  });

  it("a reply that nobody has heard yet waits for who begins to speak", () => {
    const call = Drive.call();
    call.typed("Hello?");
    expect(call.begin()).toEqual(["turn-opened speech", "reply-paused floor-taken"]);
    call.after(300);
    call.pause();
    call.heard("", "t2");
    expect(call.after(1000)).toContain("reply-resumed");
  });
});

describe("the mouth", () => {
  it("is silent while nobody listens, and goes on when somebody does", () => {
    const call = Drive.speaking();
    expect(call.leave()).toEqual(["reply-paused nobody-listens"]);
    expect(call.join("p")).toEqual(["reply-resumed"]);
  });

  it("is told to stop by an operator, and is waited for two seconds", () => {
    const call = Drive.speaking();
    expect(call.feed({ type: "interrupt-requested", by: "operator" })).toEqual(["reply-stopped requested"]);
    expect(call.feed({ type: "interrupt-requested", by: "operator" })).toEqual([]);
    expect(call.after(1999)).toEqual([]);
    expect(call.after(1)).toEqual(["reply-finished", "turn-replied"]);
  });

  it("that has run dry while more is being made has not finished", () => {
    const call = Drive.call();
    call.typed("Hello?");
    call.make("r1", [["Hello.", 900]], { ends: false });
    call.play("r1", 900);
    expect(call.drain("r1", 900)).toEqual([]);
    call.feed({ type: "reply-sentence", replyId: "r1", index: 1, text: "More." });
    call.feed({ type: "speech-first-audio", replyId: "r1", index: 1 });
    call.feed({ type: "speech-made", replyId: "r1", index: 1, ms: 500 });
    expect(call.feed({ type: "reply-text-ended", replyId: "r1", step: 0, finishReason: "stop" })).toEqual([]);
    expect(call.drain("r1", 1400)).toEqual(["reply-finished", "turn-replied"]);
  });

  it("takes nothing back by reports that come late", () => {
    const call = Drive.speaking();
    call.feed({ type: "playback-progress", replyId: "r1", heardMs: 4900 });
    call.feed({ type: "playback-progress", replyId: "r1", heardMs: 1750 });
    expect(call.state.playback.current?.heardMs).toBe(4900);
    call.drain("r0", 9000);
    expect(call.state.playback.current?.heardMs).toBe(4900);
  });
});
