import { rms, toDb } from "@parley/audio";
import { ParleyError } from "@parley/engine";
import { fakeTts, virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

describe("a call", () => {
  it("greets whoever joins, understands, answers, and leaves nothing open", async () => {
    const s = scene({
      agent: { greeting: "Hello, how can I help?" },
      stt: { answers: ["What time do you open?"] },
      llm: { answers: ["We open at nine. See you then."] },
    });
    await s.begin();
    await s.clock.advance(3_000);
    expect(s.caller.heard()).toHaveLength(1);
    await s.speak(1_200);
    await s.clock.advance(4_000);
    expect(s.texts()).toEqual(["Hello, how can I help?", "What time do you open?", "We open at nine. See you then."]);
    // Speculation hides the model and the voice behind the pause.
    expect(s.caller.heard()).toHaveLength(2);
    expect(s.transport.states.map((state) => state.value)).toEqual(
      ["listening", "thinking", "speaking", "listening", "thinking", "speaking", "listening"].slice(
        -s.transport.states.length,
      ),
    );
    s.call.close("test");
    expect(await s.clock.until(s.call.done)).toEqual({ reason: "test" });
    expect(s.leaks()).toEqual(none);
    expect(s.clock.pending).toBe(1); // the caller's own microphone
    expect(s.differences()).toEqual([]);
    expect(s.log.facts.map((fact) => fact.seq)).toEqual(s.log.facts.map((_, index) => index + 1));
  });

  it("writes down what is heard of a reply at least every 250 ms", async () => {
    const s = scene({ llm: { answers: ["One two three four five six seven eight nine ten eleven twelve."] } });
    await s.begin();
    s.caller.type("Count.");
    await s.clock.advance(6_000);
    const heard = s.log.facts.flatMap((fact) =>
      fact.type === "playback-progress" || fact.type === "playback-drained" ? [fact.heardMs] : [],
    );
    expect(heard.length).toBeGreaterThan(5);
    for (const [index, ms] of heard.entries()) expect(ms - (heard[index - 1] ?? 0)).toBeLessThanOrEqual(250);
  });

  it("answers typed messages by the same rules", async () => {
    const s = scene({ llm: { answers: ["Yes, we do."] } });
    await s.begin();
    s.caller.type("Do you have tables outside?");
    await s.clock.advance(3_000);
    expect(s.texts()).toEqual(["Do you have tables outside?", "Yes, we do."]);
  });

  it("fills templates with the caller, and refuses a call in which a variable is missing, naming it", async () => {
    const s = scene({ agent: { greeting: "Hello {{caller.name}}, from {{metadata.shop}}." } });
    const started = s.call.start().catch((error: unknown) => error);
    await s.clock.advance(1);
    s.caller.join();
    const error = await s.clock.until(started);
    expect(error).toBeInstanceOf(ParleyError);
    expect((error as Error).message).toContain("{{metadata.shop}}");
    expect(s.transport.phase).toBe("closed");
  });

  it("gives the caller's metadata to onEnter; a hook that throws is logged and ends nothing", async () => {
    const seen: unknown[] = [];
    const s = scene({
      metadata: { plan: "gold" },
      agent: {
        hooks: {
          onEnter(call) {
            seen.push(call.caller?.metadata);
            throw new Error("boom");
          },
        },
      },
    });
    await s.begin();
    s.caller.type("hello");
    await s.clock.advance(3_000);
    expect(seen).toEqual([{ plan: "gold" }]);
    expect(s.fact("error-occurred")).toMatchObject({ source: "hook:onEnter", error: { message: "boom" } });
    expect(s.count("turn-replied")).toBe(1);
  });

  it("ends after the grace time when the caller leaves, not when they come back in time", async () => {
    const s = scene();
    await s.begin();
    s.caller.leave();
    await s.clock.advance(10_000);
    s.caller.join();
    await s.clock.advance(30_000);
    expect(s.count("call-closed")).toBe(0);
    s.caller.leave();
    await s.clock.advance(21_000);
    expect(await s.call.done).toEqual({ reason: "participant-left" });
  });
});

describe("barge-in", () => {
  const story =
    "A long time ago the harbour was full of boats and busy people. Every morning the fishermen sailed out before the sun came up.";

  it("falls quiet at once, stops, keeps what was heard, and answers the interruption", async () => {
    const s = scene({
      stt: { answers: ["Tell me a story.", "Stop, I have another question."] },
      llm: { answers: [story, "Of course."] },
    });
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(3_000);
    const startMs = s.clock.now();
    await s.speak(1_500);
    await s.clock.advance(4_000);
    const over = s.caller.levels().filter((level) => level.atMs >= startMs);
    const quieter = over.find((level) => level.db < -32)!;
    const silent = over.find((level) => level.db < -60)!;
    expect(quieter.atMs - startMs).toBeLessThan(250);
    expect(silent.atMs - startMs).toBeLessThan(700);
    const texts = s.texts();
    expect(texts[0]).toBe("Tell me a story.");
    expect(texts.at(-1)).toBe("Of course.");
    const cut = texts[1]!;
    expect(story.startsWith(cut)).toBe(true);
    // What history says was heard is what the mouth played, within a word.
    const heardMs = s.log.facts.findLast((fact) => fact.type === "playback-stopped")!.heardMs;
    const perCharacter = 60;
    expect(Math.abs(cut.length * perCharacter - heardMs)).toBeLessThan(12 * perCharacter);
    expect(s.differences()).toEqual([]);
  });

  it("resumes from where it was after a back-channel; nothing of the reply is lost", async () => {
    const s = scene({ stt: { answers: ["Tell me a story.", "mhm"] }, llm: { answers: [story] } });
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(2_000);
    await s.speak(250);
    await s.clock.advance(12_000);
    expect(s.count("reply-ducked")).toBe(1);
    expect(s.count("reply-stopped")).toBe(0);
    expect(s.texts()).toEqual(["Tell me a story.", story]);
    expect(s.transport.out.playedMs()).toBeGreaterThan(story.length * 60 - 100);
  });
});

describe("providers that fail", () => {
  const faults = ["refused", "unavailable", "hung", "cut", "garbage", "thrown", "timeout", "unauthorised"] as const;
  it.each(faults)("stt %s: a spoken fallback, and the next turn is answered", async (fault) => {
    const s = scene({ stt: { answers: (_, index) => (index < 2 ? { fault } : "Hello?") }, llm: { answers: ["Hi."] } });
    await s.begin();
    await s.speak(800);
    await s.clock.advance(20_000);
    expect(s.count("turn-failed")).toBe(1);
    expect(s.caller.heard().length).toBeGreaterThan(0);
    await s.speak(800);
    await s.clock.advance(20_000);
    if (s.count("turn-failed") > 1) {
      await s.speak(800);
      await s.clock.advance(10_000);
    }
    expect(s.count("turn-replied")).toBe(1);
  });

  it.each(faults)("llm %s: a spoken fallback, and the next turn is answered", async (fault) => {
    const s = scene({
      stt: { answers: ["One?", "Two?"] },
      llm: {
        answers: ({ messages }) => {
          const last = messages.at(-1);
          return last?.role === "user" && last.text === "Two?" ? "Fine." : { text: "Well, it depends", fault };
        },
      },
    });
    await s.begin();
    await s.speak(800);
    await s.clock.advance(30_000);
    expect(s.count("turn-failed")).toBe(1);
    expect(s.texts().some((text) => text.includes("having trouble"))).toBe(true);
    await s.speak(800);
    await s.clock.advance(20_000);
    expect(s.texts().at(-1)).toBe("Fine.");
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
  });

  it.each(faults)("tts %s: the spare voice speaks", async (fault) => {
    const clock = virtualClock();
    const s = scene({
      clock,
      llm: { answers: ["It is noon now."] },
      tts: { answers: () => ({ fault, faultAfterMs: 0 }) },
      agent: { spareTts: fakeTts({ clock }) },
    });
    await s.begin();
    s.caller.type("What time is it?");
    await s.clock.advance(15_000);
    expect(s.texts()).toContain("It is noon now.");
    expect(toDb(rms(s.caller.recording(0, 15_000)))).toBeGreaterThan(-60);
  });

  it("a voice that fails without a spare one ends the turn; the call goes on", async () => {
    let broken = true;
    const s = scene({
      llm: { answers: ["It is noon now."] },
      tts: { answers: () => (broken ? { fault: "refused" } : {}) },
    });
    await s.begin();
    s.caller.type("What time is it?");
    await s.clock.advance(15_000);
    expect(s.count("turn-failed")).toBe(1);
    broken = false;
    s.caller.type("And now?");
    await s.clock.advance(15_000);
    expect(s.texts().at(-1)).toBe("It is noon now.");
  });
});

describe("tools", () => {
  const booking = (execute: (args: unknown) => Promise<unknown>) => ({
    name: "book",
    description: "Books a table",
    parameters: { type: "object", properties: {} },
    readOnly: false,
    execute,
  });

  it("run once, after the turn is committed, and their result goes back to the model", async () => {
    const ran: unknown[] = [];
    const s = scene({
      llm: {
        answers: ({ messages }) =>
          messages.at(-1)?.role === "tool" ? "Booked." : { toolCalls: [{ tool: "book", args: { day: "Monday" } }] },
      },
      agent: {
        tools: [
          booking(async (args) => {
            ran.push(args);
            return { ok: true };
          }),
        ],
      },
    });
    await s.begin();
    await s.speak(900);
    await s.clock.advance(5_000);
    expect(ran).toEqual([{ day: "Monday" }]);
    expect(s.texts().at(-1)).toBe("Booked.");
    const order = s.types();
    expect(order.indexOf("tool-started")).toBeGreaterThan(order.indexOf("turn-committed"));
  });

  it("that throw or are unknown tell the model why; the call goes on", async () => {
    const s = scene({
      llm: {
        answers: ({ messages }) => {
          const last = messages.at(-1);
          return last?.role === "tool"
            ? `Failed: ${JSON.stringify(last.result)}`
            : {
                toolCalls: [
                  { tool: "book", args: {} },
                  { tool: "nothing", args: {} },
                ],
              };
        },
      },
      agent: { tools: [booking(() => Promise.reject(new Error("no tables left")))] },
    });
    await s.begin();
    s.caller.type("Book me a table");
    await s.clock.advance(8_000);
    const results = s.history().flatMap((message) => (message.role === "tool" ? [JSON.stringify(message.result)] : []));
    expect(results[0]).toContain("no tables left");
    expect(results[1]).toContain("There is no tool nothing");
    expect(s.count("turn-replied")).toBe(1);
  });
});
