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
  const heard: string[] = [];
  const rest: string[] = [];
  let left = heardMs;
  let letters = 0;
  for (const sentence of sentences) {
    if (left <= 0) rest.push(sentence.text);
    else if (sentence.ms === null) {
      const letterMs = letters === 0 ? LETTER_MS : (heardMs - left) / letters;
      const cut = cutAt(sentence, left, Math.max(1, sentence.text.length * letterMs));
      if (cut.heard) heard.push(cut.heard);
      if (cut.rest) rest.push(cut.rest);
      left = 0;
    } else if (left >= sentence.ms - 0.5) {
      heard.push(sentence.text);
      left -= sentence.ms;
      letters += sentence.text.length;
    } else {
      const cut = cutAt(sentence, left, sentence.ms);
      if (cut.heard) heard.push(cut.heard);
      if (cut.rest) rest.push(cut.rest);
      left = 0;
    }
  }
  return { heard: heard.join(" "), rest: rest.join(" ") };
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
