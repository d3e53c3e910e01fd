import { withoutSpokenNumbers } from "./spoken-numbers.ts";

// Every repetition is bounded and begins at a word: what a caller says must not decide how long this takes.
const EMAIL = /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,6}/gu;
const LETTERS = "[\\p{L}\\p{M}\\p{N}_-]{1,40}";
const DOT = "(?:\\s?\\.\\s?|\\s(?:dot|punkt|punto|ponto|point|punt|kropka|точка|nokta)\\s)";
const SIGN = "\\s(?:underscore|dash|minus|hyphen|unterstrich|bindestrich|guion|guión|tiret|trattino|hífen|streepje)\\s";
const AT = "\\s(?:at|ät|arroba|arobase|arrobase|chiocciola|apenstaartje|klammeraffe|snabel-a|małpa|собака)\\s";
/** As recognisers write what was said: "ann dot lee at example dot com", "ann arroba ejemplo punto com". */
const SPOKEN_EMAIL = new RegExp(
  `(?<![\\p{L}\\p{N}_-])${LETTERS}(?:(?:${DOT}|${SIGN})${LETTERS}){0,3}${AT}${LETTERS}(?:${SIGN}${LETTERS}){0,2}(?:${DOT}${LETTERS}){1,4}`,
  "giu",
);
/** Four digits and more, with what stands between the groups of a telephone, card or account number. */
const DIGITS = /\+?\(?\p{Nd}(?:[\s().,/\u2010-\u2015-]{0,3}\p{Nd}){3,}/gu;
/** Chinese and Japanese write them without spaces. */
const HAN_DIGITS = /[〇零一二三四五六七八九幺](?:[\s、，-]{0,2}[〇零一二三四五六七八九幺]){3,}/gu;

/**
 * A text without numbers of four digits and more, and without e-mail addresses, written or spoken: in the languages of
 * number-words.ts, and of the words for "at" and "dot" above.
 */
export function redact(text: string): string {
  const written = text.replace(EMAIL, "[e-mail]").replace(SPOKEN_EMAIL, "[e-mail]").replace(DIGITS, "[number]");
  return withoutSpokenNumbers(written.replace(HAN_DIGITS, "[number]"), "[number]");
}

/** The same in everything that a JSON value holds. */
export function redactDeep(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") return /\d{4}/.test(String(value)) ? "[number]" : value;
  if (Array.isArray(value)) return value.map(redactDeep);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [redact(key), redactDeep(inner)]));
}
