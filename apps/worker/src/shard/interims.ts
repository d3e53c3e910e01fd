import type { InputBody } from "@parley/conversation";
import type { Clock } from "@parley/engine";
import type { FromShard } from "../messages.ts";

/** Of one call; what comes faster is left out, for the next one says more. */
const EVERY_MS = 100;
const MAX_TEXT_LENGTH = 2_000;

/** What is being understood, for whoever watches a call; never stored, and told only while somebody does. */
export interface Interims {
  /** The calls of this job are watched so long from now on. */
  watch(jobId: string, forMs: number): void;
  /** To be told what a call shows and does not append. */
  of(jobId: string): (input: InputBody) => void;
}

export function createInterims(clock: Pick<Clock, "now">, tell: (message: FromShard) => void): Interims {
  const untilMs = new Map<string, number>();
  return {
    watch(jobId, forMs) {
      for (const [job, until] of untilMs) if (until <= clock.now()) untilMs.delete(job);
      untilMs.set(jobId, clock.now() + forMs);
    },
    of(jobId) {
      let lastMs = Number.NEGATIVE_INFINITY;
      return (input) => {
        if (untilMs.size === 0 || input.type !== "transcript-interim") return;
        const now = clock.now();
        if (now >= (untilMs.get(jobId) ?? 0) || now - lastMs < EVERY_MS) return;
        lastMs = now;
        const { participantId, turnId, segment, text } = input;
        tell({ type: "interim", jobId, participantId, turnId, segment, text: text.slice(0, MAX_TEXT_LENGTH) });
      };
    },
  };
}
