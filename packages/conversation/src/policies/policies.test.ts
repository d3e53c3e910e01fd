import { describe, expect, it } from "vitest";
import { settingsSchema } from "../settings.ts";
import { isBackChannel, wordsOf } from "./back-channel.ts";
import { endpointingDelayMs } from "./endpointing/index.ts";
import { confirmAfterMs, wordsInterrupt } from "./interruption.ts";
import { maySpeculate } from "./speculation.ts";

const endpointing = { minMs: 400, maxMs: 1400 };

describe("adaptive endpointing waits", () => {
  const least: string[] = [
    "What time do you open?",
    "I want a table for two.",
    "Stop!",
    'She said "no."',
    "(That is all.)",
    "何時に開きますか？",
    "",
  ];
  it.each(least)("the least after %j", (text) => {
    expect(endpointingDelayMs({ text, language: "en" }, { policy: "adaptive", ...endpointing })).toBe(400);
  });

  const most: string[] = [
    "I would like to",
    "a table for",
    "on Monday or",
    "first of all,",
    "well, um",
    "and then...",
    "and then…",
    "my number is:",
    "Ich hätte gern einen Tisch und",
    "une table pour deux et",
    "una mesa para dos y",
  ];
  it.each(most)("the most after %j", (text) => {
    expect(endpointingDelayMs({ text, language: "en" }, { policy: "adaptive", ...endpointing })).toBe(1400);
  });

  const little: string[] = ["tomorrow evening at eight", "a table", "no wait", "I think", "Thursday"];
  it.each(little)("a little after %j", (text) => {
    expect(endpointingDelayMs({ text, language: "en" }, { policy: "adaptive", ...endpointing })).toBe(600);
  });

  it("never less than the least, even when the most is smaller", () => {
    const settings = { policy: "adaptive", minMs: 800, maxMs: 300 } as const;
    for (const text of ["Yes.", "and", "a table"])
      expect(endpointingDelayMs({ text, language: "en" }, settings)).toBe(800);
  });
});

describe("fixed endpointing", () => {
  it.each(["Yes.", "and", ""])("waits the same after %j", (text) => {
    expect(endpointingDelayMs({ text, language: "en" }, { policy: "fixed", ...endpointing })).toBe(400);
  });
});

describe("back-channels", () => {
  const are = [
    "mhm",
    "Mm-hm",
    "mm hm",
    "Mmm.",
    "uh-huh",
    "uh huh",
    "aha",
    "Oh!",
    "yeah",
    "Yes, okay.",
    "I see",
    "got it",
    "right right right",
    "genau",
    "d'accord",
    "да",
  ];
  it.each(are)("%j is one", (text) => expect(isBackChannel(text)).toBe(true));

  const not = [
    "",
    " ",
    "?",
    "no",
    "stop",
    "yes please do",
    "yes I want that",
    "okay stop",
    "right right right right",
    "what",
    "wait",
  ];
  it.each(not)("%j is none", (text) => expect(isBackChannel(text)).toBe(false));

  it("words are what is between spaces and signs", () => {
    expect(wordsOf("Well, it's twenty-one – isn't it?")).toEqual(["well", "it's", "twenty-one", "isn't", "it"]);
  });
});

describe("interruption", () => {
  const { interruption } = settingsSchema.parse({});
  const table: [text: string, policy: "length" | "words" | "off", minWords: number, stops: boolean][] = [
    ["stop", "length", 1, true],
    ["stop", "words", 1, true],
    ["stop", "words", 2, false],
    ["stop it", "words", 2, true],
    ["mhm", "words", 1, false],
    ["stop", "off", 1, false],
    ["", "length", 1, false],
  ];
  it.each(table)("%j by %s, at least %i words: %s", (text, policy, minWords, stops) => {
    expect(wordsInterrupt(text, { ...interruption, policy, minWords })).toBe(stops);
  });

  it("confirms by length only where length counts", () => {
    expect(confirmAfterMs({ ...interruption, policy: "length", minSpeechMs: 450 })).toBe(450);
    expect(confirmAfterMs({ ...interruption, policy: "words" })).toBeNull();
    expect(confirmAfterMs({ ...interruption, policy: "off" })).toBeNull();
  });
});

describe("speculation", () => {
  const table: [wasted: number, text: string, policy: "at-pause" | "never", may: boolean][] = [
    [0, "A table.", "at-pause", true],
    [1, "A table.", "at-pause", true],
    [2, "A table.", "at-pause", false],
    [0, "", "at-pause", false],
    [0, "A table.", "never", false],
  ];
  it.each(table)("after %i in vain, for %j, policy %s: %s", (wasted, text, policy, may) => {
    expect(maySpeculate({ wasted, text }, { policy, maxPerTurn: 2 })).toBe(may);
  });
});
