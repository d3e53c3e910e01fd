import { guessPronunciation } from "./letter-sounds.ts";

/** CMU's pronouncing dictionary as PocketSphinx ships it: `word PH ON ES`, further ways to say it as `word(2)`. */
export class Dictionary {
  readonly #pronunciations = new Map<string, string[]>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const space = line.indexOf(" ");
      if (space <= 0) continue;
      const word = line.slice(0, space).replace(/\(\d+\)$/, "");
      const phones = line.slice(space + 1).trim();
      const known = this.#pronunciations.get(word);
      if (known === undefined) this.#pronunciations.set(word, [phones]);
      else known.push(phones);
    }
  }

  /** In the order of preference; empty when nothing can be made of the word. */
  pronounce(word: string): { phones: readonly string[]; guessed: boolean } {
    const known = this.#pronunciations.get(word);
    if (known !== undefined) return { phones: known, guessed: false };
    const derived = this.#possessive(word) ?? this.#compound(word) ?? guessPronunciation(word);
    return { phones: derived === undefined ? [] : [derived], guessed: true };
  }

  #possessive(word: string): string | undefined {
    const base = word.endsWith("'s") ? this.#pronunciations.get(word.slice(0, -2))?.[0] : undefined;
    if (base === undefined) return undefined;
    if (/ (S|Z|SH|ZH|CH|JH)$/.test(` ${base}`)) return `${base} IH Z`;
    return / (P|T|K|F|TH)$/.test(` ${base}`) ? `${base} S` : `${base} Z`;
  }

  /** `voicebot` as `voice` and `bot`: the longest first part that leaves a word. */
  #compound(word: string): string | undefined {
    for (let cut = word.length - 3; cut >= 3; cut--) {
      const head = this.#pronunciations.get(word.slice(0, cut))?.[0];
      const tail = this.#pronunciations.get(word.slice(cut))?.[0];
      if (head !== undefined && tail !== undefined) return `${head} ${tail}`;
    }
    return undefined;
  }
}

/** The lines of a dictionary that holds just these words, and the words whose sound had to be guessed or left out. */
export function cutDictionary(
  dictionary: Dictionary,
  words: Iterable<string>,
): { lines: string[]; guessed: string[]; missing: string[] } {
  const lines: string[] = [];
  const guessed: string[] = [];
  const missing: string[] = [];
  for (const word of words) {
    const found = dictionary.pronounce(word);
    if (found.phones.length === 0) missing.push(word);
    else if (found.guessed) guessed.push(word);
    found.phones.forEach((phones, index) => {
      lines.push(`${word}${index === 0 ? "" : `(${index + 1})`} ${phones}`);
    });
  }
  return { lines, guessed, missing };
}
