import type { SttResult, WordTime } from "@parley/engine";
import { SEGMENT_FRAME_MS, type Segment } from "./protocol.ts";
import { isStraySound } from "./stray-sounds.ts";
import { written } from "./written.ts";

/** A sound that lasts longer is no speech: a tone, a fan, a horn (in frames of 10 ms). */
const LONGEST_WORD = 130;
const LONGEST_SOUND = 35;
/** Speech without words shorter than this is a cough or a click. */
const SHORTEST_SPEECH = 40;
/**
 * Suspicion is the share of stray sounds, plus the doubt about the words: their mean negative log posterior per frame,
 * 0.25 counting as one. Set on sentences that the tests do not use: 165 English ones by flite stay below 0.26, by
 * espeak-ng (a third of its words misheard) five of thirty lie above; of twenty German, French and Polish ones,
 * seventeen lie above.
 */
const DOUBT_UNIT = 0.25;
export const MAX_SUSPICION = 0.37;

/** What a decoder heard, judged: words, nothing, or speech that it cannot make out. */
export function judge(segments: readonly Segment[]): SttResult {
  const words: Segment[] = [];
  // A decoder counts its frames on from one utterance to the next.
  const first = segments[0]?.start ?? 0;
  let strayFrames = 0;
  for (const segment of segments) {
    const frames = segment.end - segment.start + 1;
    if (isStraySound(segment.word)) strayFrames += frames <= LONGEST_SOUND ? frames : 0;
    else if (isWord(segment.word) && frames <= LONGEST_WORD) words.push(segment);
  }
  const wordFrames = words.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  if (words.length === 0) return { text: "", understood: strayFrames < SHORTEST_SPEECH };
  const doubt = -words.reduce((sum, { logProb }) => sum + logProb, 0) / wordFrames;
  const suspicion = strayFrames / (strayFrames + wordFrames) + doubt / DOUBT_UNIT;
  if (suspicion > MAX_SUSPICION) return { text: "", understood: false, confidence: confidence(suspicion) };
  const times: WordTime[] = words.map(({ word, start, end, logProb }) => ({
    word: spelled(word),
    startMs: (start - first) * SEGMENT_FRAME_MS,
    endMs: (end + 1 - first) * SEGMENT_FRAME_MS,
    confidence: Math.min(1, Math.exp(logProb)),
  }));
  const text = written(words.map(({ word }) => spelled(word)));
  return { text, understood: true, confidence: confidence(suspicion), language: "en", words: times };
}

/** The words of a best guess in mid-speech. */
export function interimText(hypothesis: string): string {
  return written(
    hypothesis
      .split(" ")
      .filter((word) => word !== "" && isWord(word) && !isStraySound(word))
      .map(spelled),
  );
}

/** Not `<s>`, `<sil>`, `[NOISE]`, nor a grammar's `(NULL)`. */
function isWord(word: string): boolean {
  return !/^[<[(]/.test(word) && !isStraySound(word);
}

/** Without the number of the pronunciation: `the(2)`. */
function spelled(word: string): string {
  return word.replace(/\(\d+\)$/, "");
}

function confidence(suspicion: number): number {
  return Math.max(0, 1 - suspicion);
}
