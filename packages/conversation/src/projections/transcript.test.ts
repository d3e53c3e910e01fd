import { describe, expect, it } from "vitest";
import { Drive } from "../../test/drive.ts";
import { redact, redactDeep } from "./redact.ts";
import { transcriptOf, transcriptTypes } from "./transcript.ts";

describe("the transcript", () => {
  it("has what was said and heard, with its times", () => {
    const call = Drive.speaking();
    const { turns, tools } = transcriptOf(call.log);
    expect(turns).toMatchObject([
      { speaker: "user", participantId: "p", name: "p", text: "Tell me a story.", startMs: 0, endMs: 1000 },
      { speaker: "agent", participantId: null, text: expect.stringMatching(/^Once upon/), interrupted: false },
    ]);
    expect(turns[1]!.text).not.toContain("boats");
    expect(turns[1]!.endMs - turns[1]!.startMs).toBe(1500);
    expect(tools).toEqual([]);
  });

  it("has of a reply that was cut off what was heard of it", () => {
    const call = Drive.speaking();
    call.feed({ type: "interrupt-requested", by: "x" });
    call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 3000 });
    const [, reply] = transcriptOf(call.log).turns;
    expect(reply).toMatchObject({ text: "Once upon a time there was a harbour.", interrupted: true });
  });

  it("has tools with their answers", () => {
    const call = Drive.call();
    call.typed("Book it.");
    const tool = { toolCallId: "k", tool: "book", args: { day: 3 }, effectful: true };
    call.feed({ type: "tool-called", replyId: "r1", step: 0, ...tool });
    call.after(200);
    expect(transcriptOf(call.log).tools).toMatchObject([{ tool: "book", outcome: "running", endMs: null }]);
    call.feed({ type: "tool-finished", toolCallId: "k", result: { ok: true } });
    expect(transcriptOf(call.log).tools).toMatchObject([
      { tool: "book", args: { day: 3 }, outcome: "finished", result: { ok: true } },
    ]);
  });

  it("needs no other facts than those that it names", () => {
    const call = Drive.speaking();
    call.feed({ type: "interrupt-requested", by: "x" });
    call.feed({ type: "playback-stopped", replyId: "r1", heardMs: 2000 });
    const types: readonly string[] = transcriptTypes;
    expect(transcriptOf(call.log.filter(({ type }) => types.includes(type)))).toEqual(transcriptOf(call.log));
  });
});

describe("redaction", () => {
  it.each([
    ["Call me at 555-0100.", "Call me at [number]."],
    ["+49 (0)30 1234567, please", "[number], please"],
    ["It is 4111 1111 1111 1111.", "It is [number]."],
    ["five five five oh one hundred", "[number] hundred"],
    ["my number is one two three four", "my number is [number]"],
    ["Write to ann.lee+x@mail.example.com!", "Write to [e-mail]!"],
    ["it is ann dot lee at example dot com", "it is [e-mail]"],
    ["We open at nine, on the 3rd, for 120 people.", "We open at nine, on the 3rd, for 120 people."],
    ["I was one of two at the door. See you.", "I was one of two at the door. See you."],
  ])("%s", (text, expected) => {
    expect(redact(text)).toBe(expected);
    expect(redact(redact(text))).toBe(expected);
  });

  it("takes them out of what tools were given and answered", () => {
    expect(redactDeep({ phone: 5550100, to: ["a@b.example"], table: 12, note: null })).toEqual({
      phone: "[number]",
      to: ["[e-mail]"],
      table: 12,
      note: null,
    });
  });

  it("takes its time from no text", () => {
    for (const text of ["1 ".repeat(50_000), "a.".repeat(50_000), "a dot ".repeat(20_000), "one ".repeat(20_000)])
      expect(redact(text).length).toBeLessThanOrEqual(text.length + 20);
  });
});
