import { readNumber } from "../english/numbers.ts";
import { intentOf } from "./intents.ts";
import { isRuledOut } from "./ruled-out.ts";

const PARTY_NOUN = /^(people|persons?|guests?|of us|adults|seats)$/;

/** How many people: `for four`, `four people`, `party of six`, `just me`; `bare` accepts a lone number. */
export function readPeople(tokens: readonly string[], bare: boolean): number | undefined {
  const text = tokens.join(" ");
  if (/\b(just me|only me|by myself|on my own)\b/.test(text)) return 1;
  if (/\b(a couple|the two of us|both of us)\b/.test(text)) return 2;
  let found: number | undefined;
  for (let at = 0; at < tokens.length; at++) {
    const number = readNumber(tokens, at);
    if (number === undefined) continue;
    if (number.value > 0 && !isRuledOut(tokens, at) && isParty(tokens, at, at + number.length, bare))
      found = number.value;
    at += number.length - 1;
  }
  return found;
}

function isParty(tokens: readonly string[], at: number, end: number, bare: boolean): boolean {
  const before = tokens[at - 1] ?? "";
  const after = tokens[end] ?? "";
  if (PARTY_NOUN.test(after) || (after === "of" && tokens[end + 1] === "us")) return true;
  // "table for seven" is people, "for seven pm", "for seven thirty" and "at seven" are times, "for the fifth" neither.
  const time = /^(am|pm|oclock|past|to|after)$/.test(after) || readNumber(tokens, end) !== undefined;
  if (time || before === "at" || before === "around" || before === "past") return false;
  if (before === "for" || (before === "of" && tokens[at - 2] === "party")) return true;
  return bare;
}

const NAME_LEAD =
  /^(?:(?:yes|yeah|ok|okay|sure|well|uh|um|no|please|actually) )*(?:(?:please )?(?:put it|book it|reserve it|make it) )?(?:under |on )?(?:(?:my|the) (?:(?:first|last) )?name (?:is|would be) |the name (?:of )?|name is |its |it is |this is |i am |im |under (?:the name )?(?:of )?|for |call me )?/;
const NAME_TAIL = /(?: (?:please|thanks|thank you|speaking|here))+$/;
const NOT_A_NAME = /\b(the|a|is|to|for|what|when|where|how|book|table|time|not|you|want|would|have|me|and)\b/;

/** The answer to "under what name?": up to three words that are not a sentence; capitals put back. */
export function readName(tokens: readonly string[]): string | undefined {
  const name = tokens.join(" ").replace(NAME_LEAD, "").replace(NAME_TAIL, "").trim();
  const words = name.split(" ");
  if (name === "" || words.length > 3 || NOT_A_NAME.test(name) || /\d/.test(name)) return undefined;
  if (intentOf(words) !== "unclear") return undefined;
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ");
}

/** A name given unasked: only where it is announced ("my name is", "under the name"). */
export function readAnnouncedName(tokens: readonly string[]): string | undefined {
  const match = /\b(?:my name is|under the name(?: of)?|the name is|name of|in the name of) ([a-z]+(?: [a-z]+)?)/.exec(
    tokens.join(" "),
  );
  if (match?.[1] === undefined) return undefined;
  const name = match[1].replace(/ (for|on|at|and|please|i|today|tomorrow|tonight|not|thanks)$/, "");
  return readName(name.split(" "));
}
