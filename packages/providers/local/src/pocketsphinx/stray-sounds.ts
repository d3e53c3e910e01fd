/** The phones of the en-us model. */
const PHONES =
  "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split(" ");

/**
 * Words of one phone each, beside the real ones: speech that fits no phrase (another language, a word nobody foresaw)
 * is decoded as these, not forced into words. Their share of the speech tells what was not understood.
 */
export const STRAY_SOUNDS: readonly { word: string; phones: string }[] = PHONES.map((phone) => ({
  word: `++${phone}++`,
  phones: phone,
}));

/**
 * Their weight in the language model, as a sum of unigram probabilities (more than 1 is fine: a decoder adds scores
 * and cares for no sum). Measured: at 0.1 foreign speech is forced into words, at 10 English loses words.
 */
export const STRAY_SOUND_WEIGHT = 1.5;

export function isStraySound(word: string): boolean {
  return word.startsWith("++");
}
