import { describe, expect, it } from "vitest";
import { Drive } from "../../test/drive.ts";
import { worstConnection } from "./connection.ts";
import { type Phase, phase } from "./phase.ts";
import { timelineOf } from "./timeline.ts";
import { usageOf } from "./usage.ts";

describe("the phase", () => {
  const table: [what: string, make: () => Drive, phase: Phase][] = [
    ["nobody has come", () => Drive.started({}, "Hello."), "waiting"],
    ["somebody is there", () => Drive.call(), "listening"],
    ["he speaks", () => act(Drive.call(), (call) => call.begin()), "listening"],
    ["his turn is being answered", () => act(Drive.call(), (call) => call.typed("Hello?")), "thinking"],
    ["the answer sounds", () => Drive.speaking(), "speaking"],
    ["it is ducked", () => act(Drive.speaking(), (call) => call.begin()), "speaking"],
    ["it is paused", () => act(Drive.speaking(), (call) => [call.begin(), call.after(500)]), "listening"],
    [
      "it waits for a tool, and everything it had is said",
      () =>
        act(Drive.call(), (call) => {
          call.typed("Book it.");
          call.make("r1", [["One moment.", 500]], { ends: false });
          call.feed({
            type: "tool-called",
            replyId: "r1",
            step: 0,
            toolCallId: "k",
            tool: "b",
            args: {},
            effectful: true,
          });
          call.play("r1", 500);
          call.drain("r1", 500);
        }),
      "thinking",
    ],
    ["nothing for a while", () => act(Drive.call(), (call) => call.after(15_000)), "away"],
    [
      "the end",
      () => act(Drive.call(), (call) => call.feed({ type: "close-requested", reason: "x", afterReply: false })),
      "closed",
    ],
  ];
  it.each(table)("%s", (_what, make, expected) => expect(phase(make().state)).toBe(expected));
});

describe("the worst connection", () => {
  const told = (call: Drive, participantId: string | null, quality: "good" | "poor" | "lost") =>
    call.feed({
      type: "connection-quality-changed",
      participantId,
      quality,
      lossShare: null,
      concealedShare: null,
      jitterMs: null,
      roundTripMs: null,
    });

  it("is that of whoever is there, or the agent's own", () => {
    const call = Drive.call();
    call.join("q");
    expect(worstConnection(call.state)).toBe("excellent");
    told(call, "p", "good");
    told(call, "q", "lost");
    expect(worstConnection(call.state)).toBe("lost");
    call.leave("q");
    expect(worstConnection(call.state)).toBe("good");
    told(call, null, "poor");
    expect(worstConnection(call.state)).toBe("poor");
    call.recover();
    expect(worstConnection(call.state)).toBe("excellent");
  });
});

describe("the timeline", () => {
  it("says where a turn's milliseconds went", () => {
    const call = Drive.call({ endpointing: { policy: "fixed", minMs: 500 } });
    call.after(1000);
    call.speak(800);
    call.after(200);
    call.heard("A story.");
    call.after(300);
    call.after(100);
    call.feed({ type: "reply-first-token", replyId: "r1" });
    call.after(50);
    call.feed({ type: "reply-sentence", replyId: "r1", index: 0, text: "Once upon a time." });
    call.after(150);
    call.feed({ type: "speech-first-audio", replyId: "r1", index: 0 });
    call.after(20);
    call.feed({ type: "playback-started", replyId: "r1" });
    call.feed({ type: "speech-made", replyId: "r1", index: 0, ms: 2000 });
    call.feed({ type: "reply-text-ended", replyId: "r1", step: 0, finishReason: "stop" });
    call.after(1000);
    call.feed({ type: "interrupt-requested", by: "o" });
    call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1000 });
    expect(timelineOf(call.log)).toEqual([
      {
        turnId: "t1",
        participantId: "p",
        via: "speech",
        text: "A story.",
        startAt: 1000,
        speechEndAt: 1800,
        transcriptAt: 2000,
        committedAt: 2300,
        replyId: "r1",
        speculative: false,
        requestedAt: 2300,
        firstTokenAt: 2400,
        firstAudioMadeAt: 2600,
        firstAudioSentAt: 2620,
        interruptedAt: 3620,
        heardMs: 1000,
        outcome: "replied",
        reason: null,
      },
    ]);
  });

  it("tells how each turn ended, with the reply that was heard", () => {
    const call = Drive.call({ speculation: { policy: "at-pause" } });
    call.speak(500);
    call.heard("A table.");
    call.speak(300);
    call.heard("For two.", "t1", 1);
    call.after(1000);
    call.make("r2", [["Very well.", 700]]);
    call.play("r2", 700);
    call.drain("r2", 700);
    call.speak(300);
    call.heard("", "t2");
    call.after(1000);
    call.typed("Hello?");
    call.make("r3", []);
    call.begin();
    expect(timelineOf(call.log)).toMatchObject([
      { turnId: "t1", outcome: "replied", replyId: "r2", speculative: true, heardMs: 700, interruptedAt: null },
      { turnId: "t2", outcome: "skipped", reason: "no-words", replyId: null },
      { turnId: "t3", outcome: "failed", reason: "llm", via: "text" },
      { turnId: "t4", outcome: "open", committedAt: null },
    ]);
  });

  it("of a resumed reply has no interruption", () => {
    const call = Drive.speaking();
    call.begin();
    call.after(500);
    expect(timelineOf(call.log)[0]?.interruptedAt).not.toBeNull();
    call.pause();
    call.heard("", "t2");
    call.after(1000);
    expect(timelineOf(call.log)[0]?.interruptedAt).toBeNull();
  });
});

describe("the usage", () => {
  it("adds up by model, and what was made in vain", () => {
    const call = Drive.speaking({ speculation: { policy: "at-pause" } });
    const llm = { type: "usage-reported", stage: "llm", model: "big" } as const;
    call.feed({ ...llm, inputTokens: 100, outputTokens: 20 });
    call.feed({ ...llm, inputTokens: 50, outputTokens: 5 });
    call.feed({ type: "usage-reported", stage: "tts", model: "voice", characters: 60, audioMs: 5000 });
    call.feed({ type: "interrupt-requested", by: "o" });
    call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 1600 });
    call.speak(300);
    call.heard("A table.", "t2");
    call.feed({ type: "reply-sentence", replyId: "r2", index: 0, text: "Very well." });
    call.feed({ type: "speech-made", replyId: "r2", index: 0, ms: 700 });
    call.speak(300);
    call.heard("For two.", "t2", 1);
    expect(usageOf(call.log)).toEqual({
      models: {
        big: { stage: "llm", requests: 2, inputTokens: 150, outputTokens: 25, characters: 0, audioMs: 0 },
        voice: { stage: "tts", requests: 1, inputTokens: 0, outputTokens: 0, characters: 60, audioMs: 5000 },
      },
      discardedReplies: 1,
      heardMs: 1600,
      unheardMs: 3400 + 700,
    });
  });
});

function act(call: Drive, what: (call: Drive) => unknown): Drive {
  what(call);
  return call;
}
