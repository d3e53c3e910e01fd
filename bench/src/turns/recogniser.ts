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

/** Understands every word: what was spoken until the stretch was cut, and not given before. */
export function perfectStt(words: readonly SpokenWord[], writing: Writing, clock: Clock, startMs: () => number): Stt {
  let given = 0;
  return {
    name: `perfect/${writing}`,
    capabilities: { interim: false, words: false },
    open: () => ({
      utterance: () => ({
        push() {},
        async finish() {
          const untilMs = clock.now() - startMs();
          const from = given;
          while (given < words.length && words[given]!.endMs <= untilMs) given++;
          const text = written(words.slice(from, given), writing);
          await new Promise<void>((resolve) => clock.after(STT_MS, resolve));
          return { text, understood: true };
        },
        cancel() {},
      }),
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
