/** The first piece may be shorter than a sentence: the sooner the voice has something, the sooner it is heard. */
const FIRST_MIN = 12;
/** A "sentence" without an end is cut here, at a space, so that the voice is never starved. */
const MAX = 240;

const abbreviation = /(?:^|\s)(?:mr|mrs|ms|dr|prof|st|no|vs|etc|e\.g|i\.e|approx|dept|inc|ltd|jr|sr|z\.b|bzw|ca)\.$/i;
const end = /[.!?。！？…]+["'”’)\]]*(?=\s|$)|\n+/g;

/** Cuts a stream of text into sentences for the voice. Nothing is lost: joined with spaces they give the text. */
export class SentenceCutter {
  #rest = "";
  #given = 0;

  /** More text; gives the sentences that are complete by it. */
  push(text: string): string[] {
    this.#rest += text;
    const ready: string[] = [];
    for (let cut = this.#next(); cut > 0; cut = this.#next()) {
      const sentence = this.#rest.slice(0, cut).trim();
      this.#rest = this.#rest.slice(cut);
      if (sentence !== "") {
        ready.push(sentence);
        this.#given++;
      }
    }
    return ready;
  }

  /** The text is over. */
  flush(): string[] {
    const last = this.#rest.trim();
    this.#rest = "";
    return last === "" ? [] : [last];
  }

  #next(): number {
    const rest = this.#rest;
    for (const match of rest.matchAll(end)) {
      const cut = match.index + match[0].length;
      const before = rest.slice(0, cut).trim();
      // At the very end it may still be "3." of "3.50", or "Dr." of "Dr. No": wait for what follows.
      if (cut === rest.length && !/\n$/.test(match[0])) break;
      if (abbreviation.test(before) || /^\d+\.$/.test(before)) continue;
      if (before.length >= (this.#given === 0 ? FIRST_MIN : FIRST_MIN / 2) || /\n/.test(match[0])) return cut;
    }
    if (rest.length <= MAX) return 0;
    const comma = rest.lastIndexOf(", ", MAX);
    const space = rest.lastIndexOf(" ", MAX);
    return comma > MAX / 2 ? comma + 1 : space > 0 ? space : MAX;
  }
}

/** A whole text at once. */
export function sentencesOf(text: string): string[] {
  const cutter = new SentenceCutter();
  return [...cutter.push(text), ...cutter.flush()];
}
