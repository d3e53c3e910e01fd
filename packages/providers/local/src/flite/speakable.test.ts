import { expect, test } from "vitest";
import { speakable } from "./speakable.ts";

function pieces(text: string): string[] {
  const content = speakable(text);
  return content.kind === "speech" ? content.pieces : [content.kind];
}

test.each([
  ["", ["silence"]],
  [" \n\t ", ["silence"]],
  ["...!?", ["silence"]],
  ["🙂👍", ["silence"]],
  ["Добрый день", ["foreign"]],
  ["こんにちは", ["foreign"]],
  ["Hello.", ["Hello."]],
  ["Hello.  How are\nyou?", ["Hello.", "How are you?"]],
  ["Dr. Smith is at St. Mary's. Call him.", ["Dr. Smith is at St. Mary's.", "Call him."]],
  ["A caf\u00e9 in Z\u00fcrich, na\u00efve", ["A cafe in Zurich, naive"]],
  ["That\u2019s \u20ac5.50 \u2014 fine\u2026", ["That's 5.50 euros , fine..."]],
  ["**Bold** and `code` <break/>", ["Bold and code break/"]],
  ["bell\u0007 null\u0000 esc\u001b[31m", ["bell null esc 31m"]],
  ["Yes. 🙂", ["Yes."]],
])("%j is spoken as %j", (text, expected) => {
  expect(pieces(text)).toEqual(expected);
});

test("a very long text is cut into pieces without losing a word", () => {
  const long = Array.from({ length: 400 }, (_, index) => `word${index}${index % 23 === 0 ? "," : ""}`).join(" ");
  const cut = pieces(long);
  expect(cut.join(" ")).toBe(long);
  expect(Math.max(...cut.map((piece) => piece.length))).toBeLessThanOrEqual(280);
});

test("text without any space is cut all the same", () => {
  const cut = pieces("a".repeat(1000));
  expect(cut.join("")).toBe("a".repeat(1000));
  expect(Math.max(...cut.map((piece) => piece.length))).toBeLessThanOrEqual(280);
});
