/** Words that are always written with a capital; `march` and `may` are left, being other words too. */
const CAPITALS = new Set(
  "i i'm i'd i'll i've monday tuesday wednesday thursday friday saturday sunday january february april june july august september october november december english".split(
    " ",
  ),
);

/** Recognised words as a person would write them: `I'd like a table on Friday`. No punctuation: it was not heard. */
export function written(words: readonly string[]): string {
  return words
    .map((word, at) => (at === 0 || CAPITALS.has(word) ? word.charAt(0).toUpperCase() + word.slice(1) : word))
    .join(" ");
}
