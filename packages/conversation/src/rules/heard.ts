/** A sentence of a reply with the length of its sound and, where the voice gives them, its words' times. */
export interface SpokenSentence {
  text: string;
  ms: number | null;
  words?: readonly { word: string; endMs: number }[] | undefined;
}

/** How long a letter takes a voice of which nothing else is known, ms. */
const LETTER_MS = 60;

/**
 * Splits a reply into what was heard after `heardMs` of its sound, and the rest.
 * A sentence that was cut is split at a word: by the words' times if there are any, else in proportion to its length.
 * The length of one that was cut while it was still being made is estimated by the pace of those before.
 */
export function splitHeard(sentences: readonly SpokenSentence[], heardMs: number): { heard: string; rest: string } {
  const parts = heardParts(sentences, heardMs);
  const join = (texts: string[]) => texts.filter((text) => text !== "").join(" ");
  return { heard: join(parts.map((part) => part.heard)), rest: join(parts.map((part) => part.rest)) };
}

/** The same, sentence by sentence. */
export function heardParts(sentences: readonly SpokenSentence[], heardMs: number): { heard: string; rest: string }[] {
  let left = heardMs;
  let letters = 0;
  return sentences.map((sentence) => {
    const { text, ms } = sentence;
    if (left <= 0) return { heard: "", rest: text };
    if (ms !== null && left >= ms - 0.5) {
      left -= ms;
      letters += text.length;
      return { heard: text, rest: "" };
    }
    const letterMs = letters === 0 ? LETTER_MS : (heardMs - left) / letters;
    const cut = cutAt(sentence, left, ms ?? Math.max(1, text.length * letterMs));
    left = 0;
    return cut;
  });
}

function cutAt(sentence: SpokenSentence, heardMs: number, ms: number): { heard: string; rest: string } {
  const words = sentence.text.split(/\s+/).filter((word) => word !== "");
  const count = sentence.words?.length
    ? Math.round((sentence.words.filter((word) => word.endMs <= heardMs).length / sentence.words.length) * words.length)
    : countInProportion(words, heardMs / ms);
  return { heard: words.slice(0, count).join(" "), rest: words.slice(count).join(" ") };
}

/** Words whose end lies within this share of the letters. */
function countInProportion(words: readonly string[], share: number): number {
  const letters = words.reduce((sum, word) => sum + word.length + 1, 0);
  let spoken = 0;
  let count = 0;
  for (const word of words) {
    spoken += word.length + 1;
    if (spoken > share * letters) break;
    count++;
  }
  return count;
}
