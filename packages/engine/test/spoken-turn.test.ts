import { type SpokenTurn, sessionTransport } from "@parley/engine";
import { tone } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

const said = (more: Partial<SpokenTurn> = {}): SpokenTurn => ({
  participantId: "api:root",
  name: "api:root",
  samples: tone(1_500, 16_000, 300, -15),
  withinMs: 30_000,
  ...more,
});

/** A call that nobody is on, asked turn by turn. */
const session = (given: Parameters<typeof scene>[0] = {}) => scene({ transport: sessionTransport(), ...given });

describe("a turn that comes as a whole", () => {
  it("is heard to its last sample, answered, and given back with its sound", async () => {
    const s = session({ stt: { answers: ["What time is it?"] }, llm: { answers: ["It is noon. Enjoy your lunch."] } });
    await s.call.start();
    const answer = await s.clock.until(s.call.hear(said()));
    expect(answer).toMatchObject({ transcript: "What time is it?", outcome: "replied", intent: null });
    expect(answer.replyText).toBe("It is noon. Enjoy your lunch.");
    const heardMs = s.fact("reply-finished")!.heardMs;
    expect((answer.samples.length / answer.sampleRateHz) * 1000).toBe(heardMs);
    expect(heardMs).toBeGreaterThan(1_000);
    // The recording, and a little silence around it.
    expect(s.stt.requests[0]!.request.audioMs).toBe(1_900);
    expect(s.texts()).toEqual(["What time is it?", "It is noon. Enjoy your lunch."]);
  });

  it("ends with its transcript: no silence is waited for, and none of its sound's own length", async () => {
    const s = session({ stt: { delayMs: 40 }, settings: { endpointing: { policy: "fixed", minMs: 5_000 } } });
    await s.call.start();
    await s.clock.until(s.call.hear(said()));
    expect(s.fact("turn-committed")!.at - s.fact("speech-started")!.at).toBe(40);
  });

  it("goes on with what was said before, one turn at a time", async () => {
    const s = session({ stt: { answers: ["I am Ann.", "Who am I?"] }, llm: { answers: ["Hello Ann.", "Ann."] } });
    await s.call.start();
    const first = s.call.hear(said());
    await expect(s.call.hear(said())).rejects.toMatchObject({ code: "turn-in-progress", retryable: true });
    await s.clock.until(first);
    await s.clock.advance(10_000);
    expect((await s.clock.until(s.call.hear(said()))).replyText).toBe("Ann.");
    expect(s.llm.requests[1]!.request.messages.map((message) => "text" in message && message.text)).toContain(
      "I am Ann.",
    );
    expect(s.differences()).toEqual([]);
  });

  it("gives what the agent told of the caller's intent", async () => {
    const answers = [{ toolCalls: [{ tool: "report_intent", args: { intent: "book-table" } }] }, "For how many?"];
    const tool = { name: "report_intent", description: "", parameters: {}, readOnly: true, execute: async () => null };
    const s = session({ llm: { answers }, agent: { tools: [tool] } });
    await s.call.start();
    expect(await s.clock.until(s.call.hear(said()))).toMatchObject({
      intent: "book-table",
      replyText: "For how many?",
    });
  });

  it("without words is passed over", async () => {
    const s = session({ stt: { answers: [""] } });
    await s.call.start();
    const answer = await s.clock.until(s.call.hear(said()));
    expect(answer).toMatchObject({ transcript: "", outcome: "skipped", replyText: "" });
    expect(answer.samples).toHaveLength(0);
  });

  it("is answered with the apology of the rules when a provider fails", async () => {
    const s = session({ llm: { answers: [{ fault: "refused" }, { fault: "refused" }] } });
    await s.call.start();
    const answer = await s.clock.until(s.call.hear(said()));
    expect(answer.outcome).toBe("failed");
    expect(answer.replyText).toContain("having trouble");
    expect(answer.samples.length).toBeGreaterThan(0);
  });

  it("is given up after its time, and the next one is heard", async () => {
    const s = session({ stt: { answers: [{ fault: "hung" }, "Still there?"] } });
    await s.call.start();
    const late = s.call.hear(said({ withinMs: 2_000 }));
    await Promise.all([expect(late).rejects.toMatchObject({ code: "turn-timeout" }), s.clock.advance(2_000)]);
    expect(await s.clock.until(s.call.hear(said()))).toMatchObject({ transcript: "Still there?", outcome: "replied" });
  });

  it("ends with the call, and the call with nobody asking anything for its grace time", async () => {
    const s = session({ stt: { answers: [{ fault: "hung" }] }, settings: { closing: { graceMs: 60_000 } } });
    await s.call.start();
    const turn = s.call.hear(said());
    s.call.close("test");
    await expect(s.clock.until(turn)).rejects.toMatchObject({ code: "call-over" });
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
    const idle = session({ settings: { closing: { graceMs: 60_000 } } });
    await idle.call.start();
    await idle.clock.until(idle.call.hear(said()));
    await idle.clock.until(idle.call.done);
    expect(idle.fact("call-closed")).toMatchObject({ reason: "participant-left" });
  });

  it("is answered as soon as the answer is made, not when a room has heard it to its end", async () => {
    const story = "One two three four five six seven eight nine ten. ".repeat(8).trim();
    const s = scene({ llm: { answers: [story] } });
    await s.begin();
    const answer = await s.clock.until(s.call.hear(said()));
    expect(answer.replyText).toBe(story);
    expect(s.count("reply-finished")).toBe(0);
    expect(s.call.state.playback.current?.audible).toBe(true);
  });

  it("is one of several people's in a room, who hear the answer", async () => {
    const s = scene({ stt: { answers: ["Is anybody there?"] }, llm: { answers: ["Two of us."] } });
    await s.begin();
    const answer = await s.clock.until(s.call.hear(said()));
    expect(answer.replyText).toBe("Two of us.");
    await s.clock.advance(3_000);
    expect(s.caller.heard().length).toBeGreaterThan(0);
    expect(s.fact("participant-left")).toMatchObject({ participantId: "api:root", reason: "turn-over" });
    expect(s.call.state.closing.phase).toBe("open");
  });
});
