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

/** The cleaned JSON's text. Hardly any fact needs cleaning, so it is looked for first. */
export function cleanJsonText(value: unknown): string {
  if (isDeep(value, 0)) return JSON.stringify(cleanJson(value));
  const text = JSON.stringify(value);
  // NUL and lone surrogates are written as escapes, and so are a few harmless ones.
  return text.includes("\\u") ? JSON.stringify(cleanJson(value)) : text;
}

function isDeep(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth >= MAX_DEPTH) return true;
  for (const item of Object.values(value)) if (isDeep(item, depth + 1)) return true;
  return false;
}
