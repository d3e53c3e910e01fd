import { describe, expect, it } from "vitest";
import { type Settings, settingsSchema } from "../settings.ts";
import { isBackChannel, wordsOf } from "./back-channel.ts";
import { endpointingDelayMs } from "./endpointing/index.ts";
import type { Pause } from "./endpointing/policy.ts";
import { confirmAfterMs, wordsInterrupt } from "./interruption.ts";
import { maySpeculate } from "./speculation.ts";

const endpointing = { minMs: 400, maxMs: 1400, learn: true };

function after(text: string, settings: Settings["endpointing"], more: Partial<Pause> = {}): number {
  return endpointingDelayMs({ text, language: "en", pauses: [], endProbability: null, ...more }, settings);
}

describe("adaptive endpointing waits", () => {
  const least: string[] = [
    "What time do you open?",
    "I want a table for two.",
    "Stop!",
    'She said "no."',
    "(That is all.)",
    "yes please",
    "no thank you",
    "yes it is",
    "five five five two one four nine eight three.",
    "何時に開きますか？",
    "",
  ];
  it.each(least)("the least after %j", (text) => {
    expect(after(text, { policy: "adaptive", ...endpointing })).toBe(400);
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
    "I would like to.",
    "it was delivered to the.",
    "five five five",
    "my number is 555 214",
    "when I press the button",
    "Ich hätte gern einen Tisch und",
    "une table pour deux et",
    "una mesa para dos y",
  ];
  it.each(most)("the most after %j", (text) => {
    expect(after(text, { policy: "adaptive", ...endpointing })).toBe(1400);
  });

  const little: string[] = [
    "tomorrow evening at eight",
    "a table",
    "no wait",
    "I think",
    "I think so",
    "where are you from",
    "Thursday",
  ];
  it.each(little)("a little after %j", (text) => {
    expect(after(text, { policy: "adaptive", ...endpointing })).toBe(600);
  });

  it("longer for a caller who pauses long, shorter for one who does not, and between the least and the most", () => {
    const settings = { policy: "adaptive", ...endpointing } as const;
    const of = (ms: number, count = 4) => ({ pauses: Array(count).fill({ ms, stopped: false }) });
    expect(after("a table", settings, of(900))).toBeGreaterThan(700);
    expect(after("a table", settings, of(220))).toBeLessThan(550);
    expect(after("a table for", settings, of(220))).toBeLessThan(1400);
    expect(after("Yes.", settings, of(900))).toBe(400);
    for (const pauses of [of(1), of(1e9), of(1, 12), of(1e9, 12), of(0, 1)])
      for (const text of ["Yes.", "a table", "and"]) {
        expect(after(text, settings, pauses)).toBeGreaterThanOrEqual(400);
        expect(after(text, settings, pauses)).toBeLessThanOrEqual(1400);
      }
    expect(after("a table", { ...settings, learn: false }, of(900))).toBe(after("a table", settings));
  });

  it("longer after a full stop when full stops have stood inside turns, but not after a question or a short answer", () => {
    const settings = { policy: "adaptive", ...endpointing } as const;
    const pauses = Array(6).fill({ ms: 450, stopped: true });
    expect(after("I want a table.", settings, { pauses: pauses.slice(0, 1) })).toBeLessThan(520);
    expect(after("I want a table.", settings, { pauses })).toBeCloseTo(600);
    expect(after("A table?", settings, { pauses })).toBe(400);
    expect(after("Yes please.", settings, { pauses })).toBe(400);
    expect(after("I want a table.", { ...settings, learn: false }, { pauses })).toBe(400);
  });

  it("longer when a detector hears somebody go on, shorter when it hears an end, unless the words are open", () => {
    const settings = { policy: "adaptive", ...endpointing } as const;
    expect(after("a table", settings, { endProbability: 0.05 })).toBeGreaterThan(1200);
    expect(after("Yes.", settings, { endProbability: 0.3 })).toBeGreaterThan(1000);
    expect(after("a table", settings, { endProbability: 0.98 })).toBeLessThan(420);
    expect(after("a table for", settings, { endProbability: 0.98 })).toBe(1400);
  });

  it("never less than the least, even when the most is smaller", () => {
    const settings = { policy: "adaptive", minMs: 800, maxMs: 300, learn: true } as const;
    for (const text of ["Yes.", "and", "a table"]) expect(after(text, settings)).toBe(800);
  });
});

describe("fixed endpointing", () => {
  it.each(["Yes.", "and", ""])("waits the same after %j", (text) => {
    expect(after(text, { policy: "fixed", ...endpointing })).toBe(400);
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
