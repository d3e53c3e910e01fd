// Every repetition is bounded and begins at a word: what a caller says must not decide how long this takes.
const EMAIL = /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,6}/gu;
/** As recognisers write what was said: "ann dot lee at example dot com". */
const SPOKEN_EMAIL =
  /(?<![\p{L}\p{N}_-])[\p{L}\p{N}_-]{1,40}(?:(?: dot |\.)[\p{L}\p{N}_-]{1,40}){0,3} at [\p{L}\p{N}-]{1,40}(?:(?: dot |\.)[\p{L}\p{N}-]{1,40}){1,4}/giu;
/** Four digits and more, with what stands between the groups of a telephone, card or account number. */
const DIGITS = /\+?\(?\p{Nd}(?:[\s().,/-]{0,3}\p{Nd}){3,}/gu;
const DIGIT_WORD = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|(?:double|triple) \\w{1,20}|\\p{Nd})";
const SPOKEN_DIGITS = new RegExp(`\\b${DIGIT_WORD}(?:[\\s,-]+${DIGIT_WORD}){3,}\\b`, "giu");

/** A text without numbers of four digits and more, and without e-mail addresses, written or (in English) spoken. */
export function redact(text: string): string {
  return text
    .replace(EMAIL, "[e-mail]")
    .replace(SPOKEN_EMAIL, "[e-mail]")
    .replace(DIGITS, "[number]")
    .replace(SPOKEN_DIGITS, "[number]");
}

/** The same in everything that a JSON value holds. */
export function redactDeep(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") return /\d{4}/.test(String(value)) ? "[number]" : value;
  if (Array.isArray(value)) return value.map(redactDeep);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [redact(key), redactDeep(inner)]));
}
