/**
 * A trigram language model from phrases, in the ARPA format that PocketSphinx reads.
 * Interpolated Kneser-Ney with one discount: lower orders count in how many contexts a word was seen, not how often,
 * so that a word used by many phrases of one form does not drown the rest.
 * Kneser & Ney 1995; Chen & Goodman 1999, section 2.7. Format: https://cmusphinx.github.io/wiki/arpaformat/
 */
const DISCOUNT = 0.7;
/** Phrases made from forms repeat without end; below one, a thousand repeats weigh as a few dozen would. */
const REPEAT_EXPONENT = 0.5;
const START = "<s>";
const END = "</s>";
/** ARPA's log10 for "never". */
const NEVER = -99;

type Table = Map<string, Map<string, number>>;

/**
 * Each phrase is its words. `extra` words may come anywhere, and share `extraWeight`. Returns the file's text; the
 * phrases must hold at least one word.
 */
export function buildLanguageModel(
  phrases: Iterable<readonly string[]>,
  extra: readonly string[] = [],
  extraWeight = 0,
): string {
  const trigrams: Table = new Map();
  const bigrams: Table = new Map();
  const unigrams: Table = new Map();
  for (const words of phrases) {
    const sentence = [START, ...words, END];
    for (let at = 1; at < sentence.length; at++) {
      const [two, one, word] = [sentence[at - 2], sentence[at - 1] as string, sentence[at] as string];
      // Nothing stands before a sentence, so its first word is counted as it is.
      if (two === undefined) add(bigrams, one, word);
      else if (add(trigrams, `${two} ${one}`, word)) add(bigrams, one, word);
    }
  }
  for (const words of bigrams.values()) for (const word of words.keys()) add(unigrams, "", word);
  const extras = extra.map((word) => `${log(extraWeight / extra.length)}\t${word}\t${log(1)}`);
  return print(unigrams, bigrams, trigrams, extras);
}

/** True when the pair was new. */
function add(table: Table, context: string, word: string): boolean {
  let words = table.get(context);
  if (words === undefined) {
    words = new Map();
    table.set(context, words);
  }
  const before = words.get(word) ?? 0;
  words.set(word, before + 1);
  return before === 0;
}

/** Probabilities of what followed one context, and how much is left for the shorter context. */
function discounted(words: Map<string, number>): { share: Map<string, number>; rest: number } {
  const weighed = new Map([...words].map(([word, count]) => [word, count ** REPEAT_EXPONENT]));
  const total = [...weighed.values()].reduce((sum, count) => sum + count, 0);
  const share = new Map([...weighed].map(([word, count]) => [word, Math.max(count - DISCOUNT, 0) / total]));
  return { share, rest: (DISCOUNT * words.size) / total };
}

function print(unigrams: Table, bigrams: Table, trigrams: Table, extras: readonly string[]): string {
  const top = discounted(unigrams.get("") ?? new Map());
  const vocabulary = top.share.size;
  const p1 = new Map([...top.share].map(([word, share]) => [word, share + top.rest / vocabulary]));
  const lines1 = [...p1].map(([word, p]) => `${log(p)}\t${word}\t${log(restOf(bigrams, word))}`);
  lines1.push(...extras, `${NEVER}\t${START}\t${log(restOf(bigrams, START))}`);

  const p2 = new Map<string, number>();
  const lines2: string[] = [];
  for (const [context, words] of bigrams) {
    const { share, rest } = discounted(words);
    for (const [word, own] of share) {
      const p = own + rest * (p1.get(word) as number);
      p2.set(`${context} ${word}`, p);
      lines2.push(`${log(p)}\t${context} ${word}\t${log(restOf(trigrams, `${context} ${word}`))}`);
    }
  }

  const lines3: string[] = [];
  for (const [context, words] of trigrams) {
    const { share, rest } = discounted(words);
    const last = context.slice(context.indexOf(" ") + 1);
    for (const [word, own] of share) {
      lines3.push(`${log(own + rest * (p2.get(`${last} ${word}`) as number))}\t${context} ${word}`);
    }
  }

  const sections = [lines1, lines2, lines3];
  const sizes = sections.map((lines, index) => `ngram ${index + 1}=${lines.length}`);
  const bodies = sections.map((lines, index) => `\\${index + 1}-grams:\n${lines.join("\n")}\n`);
  return `\\data\\\n${sizes.join("\n")}\n\n${bodies.join("\n")}\n\\end\\\n`;
}

/** What a context leaves for the shorter one; all of it where it never was a context. */
function restOf(table: Table, context: string): number {
  const words = table.get(context);
  return words === undefined ? 1 : discounted(words).rest;
}

function log(p: number): string {
  return Math.log10(p).toFixed(4);
}
