import type { Clock, Stt } from "@parley/engine";
import type { SpokenWord } from "./callers.ts";

/**
 * `signs`: as it is written, with its commas and full stops. `plain`: words alone, as many recognisers give them.
 * `eager`: a full stop after every stretch, as a recogniser does that takes each for a sentence.
 */
export const writings = ["signs", "plain", "eager"] as const;
export type Writing = (typeof writings)[number];

/** As in the other benchmarks. */
const STT_MS = 100;
const SAMPLES_PER_MS = 16;

/** Less of a word's end than this, at the beginning of a stretch, is no word. */
const TAIL_MS = 100;
/** And without so much of its end, which fades, it is one all the same. */
const FADING_MS = 80;

/** Understands every word that ended inside the sound it was given; a stretch that goes on is asked about anew, as a whole. */
export function perfectStt(words: readonly SpokenWord[], writing: Writing, clock: Clock, startMs: () => number): Stt {
  return {
    name: `perfect/${writing}`,
    capabilities: { interim: false, words: false, restarts: true },
    open: () => ({
      utterance() {
        let samples = 0;
        return {
          push(frame) {
            samples += frame.length;
          },
          async finish() {
            const untilMs = clock.now() - startMs();
            const fromMs = untilMs - samples / SAMPLES_PER_MS + TAIL_MS;
            const inside = words.filter(({ endMs }) => endMs > fromMs && endMs - FADING_MS <= untilMs);
            await new Promise<void>((resolve) => clock.after(STT_MS, resolve));
            return { text: written(inside, writing), understood: true };
          },
          cancel() {},
        };
      },
      close() {},
    }),
  };
}

function written(words: readonly SpokenWord[], writing: Writing): string {
  const text = words.map((word) => word.text).join(" ");
  if (writing === "signs" || text === "") return text;
  const plain = text.replace(/[.,?!]/g, "").toLowerCase();
  return writing === "plain" ? plain : `${plain}.`;
}
