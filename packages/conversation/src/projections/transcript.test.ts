import { describe, expect, it } from "vitest";
import { Drive } from "../../test/drive.ts";
import { redact, redactDeep } from "./redact/redact.ts";
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
    ["double seven oh five nine", "[number]"],
    ["call five five five, twelve thirty four", "call [number]"],
    ["card 4111-1111-1111-1111, or 4111–1111–1111–1111", "card [number], or [number]"],
    ["٠١٢٣ ٤٥٦٧", "[number]"],
    ["Meine Nummer ist null eins fünf eins, dann zwo sieben.", "Meine Nummer ist [number], dann zwo sieben."],
    ["Null einunddreißig zweiundvierzig siebzehn bitte", "[number] bitte"],
    ["c'est le zéro six douze trente-quatre cinquante et un", "c'est le [number]"],
    ["vingt et un euros, quarante et puis", "vingt et un euros, quarante et puis"],
    ["es el seis uno cinco treinta y cuatro ochenta", "es el [number]"],
    ["è il tre tre otto ventuno quarantacinque", "è il [number]"],
    ["é nove um dois meia sete", "é [number]"],
    ["nul zes eenentwintig vierenveertig", "[number]"],
    ["восемь девять ноль пять", "[number]"],
    ["sıfır beş üç iki", "[number]"],
    ["nul et to tre", "[number]"],
    ["صفر خمسة واحد ستة", "[number]"],
    ["शून्य एक दो तीन", "[number]"],
    ["我的号码是一三八 一二三四 五六七八。", "我的号码是[number]。"],
    ["ann punkt lee ät example punkt de", "[e-mail]"],
    ["escribe a ana guion lopez arroba ejemplo punto com", "escribe a [e-mail]"],
    ["jean tiret luc arobase exemple point fr", "[e-mail]"],
    [
      "Wir sind zu viert: zwei Kinder und zwei Erwachsene, um acht.",
      "Wir sind zu viert: zwei Kinder und zwei Erwachsene, um acht.",
    ],
    ["Une table pour deux à vingt heures trente.", "Une table pour deux à vingt heures trente."],
    ["Sei due, tre six huit", "Sei due, tre six huit"],
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
    for (const text of [
      "1 ".repeat(50_000),
      "a.".repeat(50_000),
      "a dot ".repeat(20_000),
      "one ".repeat(20_000),
      "vingt et ".repeat(20_000),
      "double ".repeat(20_000),
      "a at b ".repeat(20_000),
    ])
      expect(redact(text).length).toBeLessThanOrEqual(text.length + 20);
  });
});
