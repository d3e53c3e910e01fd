/** Deeper JSON than this overflows Postgres's parser sooner or later; no fact comes near it. */
const MAX_DEPTH = 64;
const REPLACEMENT = "\uFFFD";
const TOO_DEEP = "(nested too deep)";

/** Text as Postgres can hold it: without NUL and without half of a surrogate pair; at most `maxLength` characters. */
export function cleanText(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  const short = text.length > maxLength ? text.slice(0, maxLength) : text;
  return short.toWellFormed().replaceAll("\0", REPLACEMENT);
}

/** JSON as `jsonb` can hold it: the same cleaning for every string and key, and a bound on the depth. */
export function cleanJson(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return cleanText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((item) => cleanJson(item, depth + 1));
  // fromEntries defines properties, so a key named __proto__ stays a plain key.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanJson(item, depth + 1)]));
}
