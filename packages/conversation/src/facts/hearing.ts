import { z } from "zod";
import { fact, failure, wordTime } from "./envelope.ts";

/** The VAD heard speech begin; `startMs` lies before `at` by the VAD's own delay. */
export const speechStarted = fact("speech-started", {
  participantId: z.string(),
  startMs: z.number(),
  /** Where the stretch of speech began that now goes on: what `speech-ended` told was a pause inside it. */
  resumesMs: z.number().optional(),
});
/** The VAD heard a pause; `endMs` is where the last voiced sound ended. */
export const speechEnded = fact("speech-ended", {
  participantId: z.string(),
  endMs: z.number(),
  /** It came as a whole, from a file: nothing follows, and the turn ends with it. */
  whole: z.literal(true).optional(),
});

/** Which request for this segment is answered, where it was asked for more than once: see `transcript-requested`. */
const take = z.int().min(1);

/** Ephemeral, unless a decision rests on it. */
export const transcriptInterim = fact("transcript-interim", {
  participantId: z.string(),
  turnId: z.string(),
  segment: z.int(),
  text: z.string(),
});

export const transcriptFinal = fact("transcript-final", {
  participantId: z.string(),
  turnId: z.string(),
  segment: z.int(),
  take: take.optional(),
  text: z.string(),
  /** False: speech, but not in a form the recogniser can make out. */
  understood: z.boolean(),
  confidence: z.number().optional(),
  language: z.string().optional(),
  words: z.array(wordTime).readonly().optional(),
  /** Sound that was transcribed, ms. */
  audioMs: z.number(),
});
export const transcriptFailed = fact("transcript-failed", {
  participantId: z.string(),
  turnId: z.string(),
  segment: z.int(),
  take: take.optional(),
  error: failure,
});

/** A turn detector has judged the pause after a stretch of speech: 0 (will go on) to 1 (has finished). */
export const turnEndPredicted = fact("turn-end-predicted", {
  participantId: z.string(),
  turnId: z.string(),
  segment: z.int(),
  probability: z.number().min(0).max(1),
});

/** A typed message: a whole turn in itself. */
export const textReceived = fact("text-received", {
  participantId: z.string(),
  messageId: z.string(),
  text: z.string(),
});

/** A speech-to-speech model judged the turn to be over. */
export const modelTurnEnded = fact("model-turn-ended", { participantId: z.string() });

/** The author's onUserTurnCompleted has answered. */
export const turnReviewed = fact("turn-reviewed", {
  turnId: z.string(),
  verdict: z.enum(["reply", "skip"]),
  /** The turn's text as the author wants the model to see it. */
  text: z.string().optional(),
});
