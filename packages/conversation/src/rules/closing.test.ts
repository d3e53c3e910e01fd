import { describe, expect, it } from "vitest";
import { Drive } from "../../test/drive.ts";
import { deadlines } from "./index.ts";

const close = (call: Drive, afterReply: boolean) => call.feed({ type: "close-requested", reason: "agent", afterReply });

describe("the author's onExit", () => {
  const closing = { exitMs: 5_500 };
  const learn = (call: Drive) => call.feed({ type: "context-updated", patch: { mood: "good" }, replaces: false });

  it("has its time once everything else has ended, and the log is closed after it", () => {
    const call = Drive.speaking({ closing });
    expect(close(call, false)).toEqual(["call-closing agent", "reply-stopped call-ended"]);
    expect(call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1600 })).toEqual([
      "reply-finished",
      "turn-replied",
      "exit-requested",
    ]);
    expect(call.typed("Hello?")).not.toContain("exit-requested");
    expect(learn(call)).toEqual([]);
    expect(call.feed({ type: "exit-finished" })).toEqual(["call-closed"]);
    expect(call.log.at(-1)).toMatchObject({ type: "call-closed", reason: "agent" });
  });

  it("has it for so long", () => {
    const call = Drive.call({ closing });
    expect(close(call, false)).toEqual(["call-closing agent", "exit-requested"]);
    expect(call.after(5_499)).toEqual([]);
    expect(call.after(1)).toEqual(["call-closed"]);
    expect(call.feed({ type: "exit-finished" })).toEqual([]);
  });

  it("is run again when its process died in it and had told nothing", () => {
    const call = Drive.call({ closing });
    close(call, false);
    expect(call.recover()).toEqual(["exit-requested"]);
    expect(call.feed({ type: "exit-finished" })).toEqual(["call-closed"]);
  });

  it("is not when what it taught is in the log", () => {
    const call = Drive.call({ closing });
    learn(call);
    close(call, false);
    learn(call);
    expect(call.recover()).toEqual(["call-closed"]);
  });

  it("is nobody's business where there is none", () => {
    const call = Drive.call();
    expect(call.feed({ type: "exit-finished" })).toEqual([]);
    expect(close(call, false)).toEqual(["call-closing agent", "call-closed"]);
  });
});

describe("a call ends", () => {
  it("when nobody comes", () => {
    const call = Drive.started({ closing: { joinMs: 3000 } });
    expect(call.after(2999)).toEqual([]);
    expect(call.after(1)).toEqual(["call-closing nobody-joined", "call-closed"]);
  });

  it("when everybody has been gone for the grace time, counted from the last who left", () => {
    const call = Drive.call({ closing: { graceMs: 3000 }, away: { afterMs: 0 } });
    call.join("q");
    call.leave("p");
    expect(call.after(10_000)).toEqual([]);
    call.leave("q");
    expect(call.after(2000)).toEqual([]);
    call.leave("p");
    call.leave("another agent");
    expect(call.after(1000)).toEqual(["call-closing participant-left", "call-closed"]);
  });

  it("but not when somebody comes back in time", () => {
    const call = Drive.call({ closing: { graceMs: 3000 }, away: { afterMs: 0 } });
    call.leave();
    call.after(2500);
    call.join("p");
    expect(call.after(10_000)).toEqual([]);
  });

  it("at once when asked so, and what sounds is stopped first", () => {
    const call = Drive.speaking();
    expect(close(call, false)).toEqual(["call-closing agent", "reply-stopped call-ended"]);
    expect(call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1600 })).toEqual([
      "reply-finished",
      "turn-replied",
      "call-closed",
    ]);
  });

  it("after what is being said, heard or answered, when asked so", () => {
    const said = Drive.speaking();
    expect(close(said, true)).toEqual([]);
    expect(said.drain("r1", 5000)).toEqual(["reply-finished", "turn-replied", "call-closing agent", "call-closed"]);

    const heard = Drive.call();
    heard.begin();
    expect(close(heard, true)).toEqual([]);
    heard.pause();
    heard.heard("");
    expect(heard.after(1000)).toEqual([
      "turn-committed empty",
      "turn-skipped no-words",
      "call-closing agent",
      "call-closed",
    ]);

    expect(close(Drive.call(), true)).toEqual(["call-closing agent", "call-closed"]);
  });

  it("however long a farewell takes", () => {
    const call = Drive.speaking({ closing: { farewellMs: 1000 } });
    close(call, true);
    expect(call.after(1000)).toEqual(["call-closing agent", "reply-stopped call-ended"]);
    // Whether or not the mouth answers.
    expect(call.after(2000)).toEqual(["reply-finished", "turn-replied", "call-closed"]);
  });

  it("for good", () => {
    const call = Drive.call();
    close(call, false);
    expect(call.state.closing).toMatchObject({ phase: "closed", reason: "agent" });
    expect(deadlines(call.state)).toEqual([]);
    const before = call.log.length;
    call.typed("Hello?");
    call.join("q");
    close(call, false);
    expect(call.log.length).toBe(before);
  });

  it("gives people their grace time anew after a recovery, once the new process can be in the room", () => {
    const call = Drive.call({ closing: { graceMs: 3000 } });
    call.after(1000);
    call.recover();
    expect(call.after(12_999)).toEqual([]);
    expect(call.after(1)).toEqual(["call-closing participant-left", "call-closed"]);
  });

  it("whoever was met after a recovery and leaves has the ordinary grace time", () => {
    const call = Drive.call({ closing: { graceMs: 3000 } });
    call.recover();
    call.join("p");
    call.after(500);
    call.feed({ type: "participant-left", participantId: "p", reason: "left" });
    expect(call.after(2999)).toEqual([]);
    expect(call.after(1)).toEqual(["call-closing participant-left", "call-closed"]);
  });

  it("a call that must not go on says its farewell, answers nothing more, and ends", () => {
    const call = Drive.call();
    call.typed("Hello?");
    const farewell = { text: "Please call again.", reason: "recovered-too-often" };
    expect(call.feed({ type: "call-recovered", wallMs: 0, by: "w2", farewell })).toEqual([
      "turn-skipped call-ended",
      "reply-discarded call-ended",
      "reply-requested say",
    ]);
    call.join("p");
    call.speak(500);
    expect(call.log.at(-1)?.type).not.toBe("call-closing");
    expect([...call.heard("Are you there?", "t2"), ...call.after(20_000)]).toContain("turn-skipped call-ended");
    expect(call.log.at(-1)).toMatchObject({ type: "call-closed", reason: "recovered-too-often" });
    const silent = Drive.call();
    silent.feed({ type: "call-recovered", wallMs: 0, by: "w2", farewell: { ...farewell, text: "" } });
    expect(silent.log.at(-1)).toMatchObject({ type: "call-closed" });
  });
});
