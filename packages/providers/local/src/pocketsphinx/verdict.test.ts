import { expect, test } from "vitest";
import type { Segment } from "./protocol.ts";
import { interimText, judge } from "./verdict.ts";

/** `word frames [log probability]`, one after the other. */
function segments(...list: [word: string, frames: number, logProb?: number][]): Segment[] {
  let at = 0;
  return list.map(([word, frames, logProb = -0.05]) => {
    const segment = { word, start: at, end: at + frames - 1, logProb };
    at += frames;
    return segment;
  });
}

test("words are written as a person would, with their times", () => {
  const result = judge(segments(["<s>", 20], ["i'd", 20], ["like(2)", 25], ["friday", 40, -0.7], ["</s>", 10]));
  expect(result).toMatchObject({ text: "I'd like Friday", understood: true, language: "en" });
  expect(result.words).toEqual([
    { word: "i'd", startMs: 200, endMs: 400, confidence: Math.exp(-0.05) },
    { word: "like", startMs: 400, endMs: 650, confidence: Math.exp(-0.05) },
    { word: "friday", startMs: 650, endMs: 1050, confidence: Math.exp(-0.7) },
  ]);
});

test.each([
  ["nothing at all", []],
  ["silence", segments(["<s>", 100], ["<sil>", 40], ["</s>", 10])],
  ["a cough", segments(["<s>", 30], ["++K++", 8], ["++AA++", 12], ["[NOISE]", 40], ["</s>", 10])],
  ["a steady noise taken for a sound", segments(["<s>", 3], ["++F++", 190], ["</s>", 3])],
  ["a steady noise taken for a word", segments(["<s>", 3], ["thank", 196], ["</s>", 3])],
])("%s is nothing said", (_name, heard) => {
  expect(judge(heard)).toMatchObject({ text: "", understood: true });
});

test.each([
  ["sounds without words", segments(["++AA++", 20], ["++T++", 10], ["++OW++", 20], ["</s>", 5])],
  ["mostly stray sounds", segments(["++AA++", 20], ["++T++", 10], ["two", 30, -0.5], ["++B++", 10])],
  ["words without any certainty", segments(["old", 30, -6], ["really", 30, -4], ["good", 30, -5])],
])("%s is speech not understood", (_name, heard) => {
  expect(judge(heard)).toMatchObject({ text: "", understood: false });
});

test("an unknown word among known ones is left out, the rest stands", () => {
  const heard = segments(["where", 25], ["is", 15], ["my", 15], ["++P++", 8], ["++L++", 10], ["please", 40]);
  expect(judge(heard)).toMatchObject({ text: "Where is my please", understood: true });
});

test("an interim guess shows words only", () => {
  expect(interimText("<s> i would(2) ++AA++ <sil> like [NOISE] two")).toBe("I would like two");
  expect(interimText("(NULL) yes (NULL) please")).toBe("Yes please");
  expect(interimText("")).toBe("");
});
