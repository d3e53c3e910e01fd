import { describe, expect, it } from "vitest";
import { FACT_VERSION, isDecision, isEphemeral } from "./facts/index.ts";
import { parseFact } from "./parse.ts";

const fact = { callId: "c", epoch: 1, seq: 1, at: 0, version: FACT_VERSION, type: "user-back" };

describe("reading a fact", () => {
  it("gives it as it is", () => {
    expect(parseFact(fact)).toEqual({ ok: true, fact });
  });

  it("keeps what a newer writer of the same version adds", () => {
    expect(parseFact({ ...fact, mood: "good" })).toEqual({ ok: true, fact: { ...fact, mood: "good" } });
  });

  it("says that a newer version needs a newer Parley", () => {
    const parsed = parseFact({ ...fact, version: FACT_VERSION + 1, type: "of-tomorrow" });
    expect(parsed).toMatchObject({ ok: false, reason: "newer" });
    expect(parsed).toMatchObject({ message: expect.stringContaining("update Parley") });
  });

  const garbage: [what: string, value: unknown, message: RegExp][] = [
    ["null", null, /not an object/],
    ["a text", "user-back", /not an object/],
    ["a number", 7, /not an object/],
    ["an empty object", {}, /./],
    ["an array", [], /./],
    ["an unknown type", { ...fact, type: "user-teleported" }, /type/],
    ["no call", { ...fact, callId: "" }, /callId/],
    ["a negative seq", { ...fact, seq: -1 }, /seq/],
    ["half a seq", { ...fact, seq: 1.5 }, /seq/],
    ["no time", { ...fact, at: undefined }, /at/],
    ["time that is no number", { ...fact, at: Number.NaN }, /at/],
    ["no version", { ...fact, version: undefined }, /version/],
    ["a version that never was", { ...fact, version: 0 }, /no way to read version 0/],
    ["a field of the wrong type", { ...fact, type: "dtmf-received", participantId: "p", digit: 5 }, /digit/],
    ["a reason that is none", { ...fact, type: "turn-skipped", turnId: "t1", reason: "mood" }, /reason/],
  ];
  it.each(garbage)("refuses %s", (_what, value, message) => {
    const parsed = parseFact(value);
    expect(parsed).toMatchObject({ ok: false, reason: "invalid" });
    expect(parsed.ok ? "" : parsed.message).toMatch(message);
  });
});

describe("kinds of facts", () => {
  it("decisions are the rules', the rest is the world's", () => {
    expect(isDecision({ type: "turn-committed" })).toBe(true);
    expect(isDecision({ type: "reply-stopped" })).toBe(true);
    expect(isDecision({ type: "speech-started" })).toBe(false);
    expect(isDecision({ type: "playback-stopped" })).toBe(false);
  });

  it("interim transcripts are ephemeral, final ones are not", () => {
    expect(isEphemeral({ type: "transcript-interim" })).toBe(true);
    expect(isEphemeral({ type: "transcript-final" })).toBe(false);
  });
});
