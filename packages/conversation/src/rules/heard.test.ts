import { describe, expect, it } from "vitest";
import { heardParts, type SpokenSentence, splitHeard } from "./heard.ts";

const first = { text: "Once upon a time.", ms: 1700 };
const second = { text: "There was a harbour.", ms: 2000 };

describe("what was heard of a reply", () => {
  const table: [what: string, sentences: SpokenSentence[], heardMs: number, heard: string, rest: string][] = [
    ["nothing", [first, second], 0, "", "Once upon a time. There was a harbour."],
    ["everything", [first, second], 3700, "Once upon a time. There was a harbour.", ""],
    ["everything, but for a rounding", [first, second], 3699.6, "Once upon a time. There was a harbour.", ""],
    ["one sentence", [first, second], 1700, "Once upon a time.", "There was a harbour."],
    ["a part, by its letters", [first], 900, "Once", "upon a time."],
    ["a part of the second", [first, second], 2800, "Once upon a time. There was", "a harbour."],
    ["less than a word", [first], 100, "", "Once upon a time."],
    ["no sentence at all", [], 500, "", ""],
    ["nothing of what was never made", [{ text: "Hello.", ms: null }], 0, "", "Hello."],
    [
      "of one that was still being made, by an ordinary pace",
      [{ text: "Once upon a time there was a harbour.", ms: null }],
      650,
      "Once upon",
      "a time there was a harbour.",
    ],
    [
      "of one that was still being made, by the pace of the one before",
      [first, { text: "There was a harbour.", ms: null }],
      2700,
      "Once upon a time. There was",
      "a harbour.",
    ],
    [
      "nothing after one that was still being made",
      [{ text: "Hello.", ms: null }, first],
      400,
      "Hello.",
      "Once upon a time.",
    ],
  ];
  it.each(table)("%s", (_what, sentences, heardMs, heard, rest) => {
    expect(splitHeard(sentences, heardMs)).toEqual({ heard, rest });
  });

  it("goes by the words' times where the voice gives them", () => {
    const words = [
      { word: "Once", endMs: 200 },
      { word: "upon", endMs: 400 },
      { word: "a", endMs: 450 },
      { word: "time", endMs: 1700 },
    ];
    expect(splitHeard([{ ...first, words }], 460)).toEqual({ heard: "Once upon a", rest: "time." });
  });

  it("is told sentence by sentence", () => {
    expect(heardParts([first, second], 1700)).toEqual([
      { heard: "Once upon a time.", rest: "" },
      { heard: "", rest: "There was a harbour." },
    ]);
  });
});
