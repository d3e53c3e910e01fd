import { expect, test } from "vitest";
import { cutDictionary, Dictionary } from "./dictionary.ts";
import { grammarWords } from "./grammar.ts";
import { guessPronunciation } from "./letter-sounds.ts";
import { spokenWords } from "./vocabulary.ts";
import { written } from "./written.ts";

test.each([
  ["Book a table!", "book a table"],
  ["A table for 2, 7pm", "a table for two seven p.m."],
  ["at 7 p.m. or 8:30 am", "at seven p.m. or eight thirty a.m."],
  ["I am here", "i am here"],
  ["I’d like it", "i'd like it"],
  ["on the 21st", "on the twenty first"],
  ["order 4711", "order four seven one one"],
  ["room 007", "room zero zero seven"],
  ["Café «Rosa»", "cafe rosa"],
  ["salt & pepper", "salt and pepper"],
  ["www.example.com", "www example com"],
  ["'quoted' words.", "quoted words"],
  ["e-mail", "e mail"],
  ["", ""],
  ["—!?", ""],
])("%j is spoken %j", (phrase, expected) => {
  expect(spokenWords(phrase).join(" ")).toBe(expected);
});

const dictionary = new Dictionary(
  ["voice V OY S", "bot B AA T", "table T EY B AH L", "the DH AH", "the(2) DH IY", "cat K AE T", "rose R OW Z"].join(
    "\n",
  ),
);

test.each([
  ["the", ["DH AH", "DH IY"], false],
  ["voicebot", ["V OY S B AA T"], true],
  ["cat's", ["K AE T S"], true],
  ["table's", ["T EY B AH L Z"], true],
  ["rose's", ["R OW Z IH Z"], true],
])("%s is pronounced %j", (word, phones, guessed) => {
  expect(dictionary.pronounce(word)).toEqual({ phones, guessed });
});

test.each([
  ["parley", "P AA R L IY"],
  ["smith", "S M IH TH"],
  ["jackson", "JH AE K S AA N"],
  ["knight", "N AY T"],
  ["phone", "F OW N"],
  ["station", "S T AE SH AH N"],
  ["bobby", "B AA B IY"],
  ["queen", "K W IY N"],
  ["make", "M EY K"],
])("%s is guessed to sound like %s", (word, phones) => {
  expect(guessPronunciation(word)).toBe(phones);
});

test("a cut dictionary has every way to say a word, and tells of guesses and gaps", () => {
  expect(cutDictionary(dictionary, ["the", "voicebot", "''"])).toEqual({
    lines: ["the DH AH", "the(2) DH IY", "voicebot V OY S B AA T"],
    guessed: ["voicebot"],
    missing: ["''"],
  });
});

test("a grammar's words are found without its signs", () => {
  const grammar = `#JSGF V1.0;
    // the answers
    grammar answers;
    import <other.*>;
    public <answer> = [please] ( yes {YES} | no | /0.5/ maybe ) <thanks>*;
    <thanks> = thank you /* kind */ ;`;
  expect(grammarWords(grammar).sort()).toEqual(["maybe", "no", "please", "thank", "yes", "you"]);
});

test("recognised words are written with the capitals of English", () => {
  expect(written(["i", "think", "i'm", "free", "on", "monday"])).toBe("I think I'm free on Monday");
  expect(written([])).toBe("");
});
