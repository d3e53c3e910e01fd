import { z } from "zod";
import { fact, failure, wordTime } from "./envelope.ts";

/** Why the agent speaks. */
export const replyCause = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("turn"), turnId: z.string() }),
  z.object({ kind: z.literal("greeting") }),
  z.object({ kind: z.literal("say"), by: z.string() }),
  /** Something failed; `turnId` is the turn that it failed for, if any. */
  z.object({ kind: z.literal("fallback"), turnId: z.string().nullable() }),
  z.object({ kind: z.literal("away") }),
  /** That the call is recorded, or whether it may be. */
  z.object({ kind: z.literal("recording") }),
  /** What was left unheard when the process died. */
  z.object({ kind: z.literal("resume"), replyId: z.string() }),
]);
export type ReplyCause = z.infer<typeof replyCause>;

/** Given sound that is played in place of a voice; only the process that was given it has it. `text` is what it stands for. */
const sound = z.string();

/** Decision: make a reply. `text` is fixed speech; without it the model is asked. */
export const replyRequested = fact("reply-requested", {
  replyId: z.string(),
  cause: replyCause,
  /** Prepared at a pause, before the turn is committed; `basis` is the transcript it answers. */
  speculative: z.boolean(),
  basis: z.string().nullable(),
  text: z.string().nullable(),
  interruptible: z.boolean(),
  sound: sound.optional(),
});

// What the stages report of it.
export const replyFirstToken = fact("reply-first-token", { replyId: z.string() });
export const replySentence = fact("reply-sentence", {
  replyId: z.string(),
  index: z.int(),
  text: z.string(),
});
export const replyTextEnded = fact("reply-text-ended", {
  replyId: z.string(),
  step: z.int(),
  finishReason: z.string(),
});
export const replyFailed = fact("reply-failed", {
  replyId: z.string(),
  stage: z.enum(["llm", "tts", "playback", "realtime"]),
  error: failure,
});
export const speechFirstAudio = fact("speech-first-audio", { replyId: z.string(), index: z.int() });
/** A sentence is wholly synthesised; `ms` of sound. */
export const speechMade = fact("speech-made", {
  replyId: z.string(),
  index: z.int(),
  ms: z.number(),
  words: z.array(wordTime).readonly().optional(),
});

// Requests from outside the turn.
export const sayRequested = fact("say-requested", {
  text: z.string(),
  by: z.string(),
  interruptible: z.boolean(),
  sound: sound.optional(),
});
export const interruptRequested = fact("interrupt-requested", { by: z.string() });

// Decisions.
/** Synthesise sentence `index`. */
export const speechRequested = fact("speech-requested", { replyId: z.string(), index: z.int() });
/** It may be played from now on. */
export const replyReleased = fact("reply-released", { replyId: z.string() });
/** Its tools have answered: ask the model again. */
export const replyContinued = fact("reply-continued", { replyId: z.string(), step: z.int() });
/** Never to be heard; nothing of it was. */
export const replyDiscarded = fact("reply-discarded", {
  replyId: z.string(),
  turnId: z.string().nullable(),
  reason: z.enum(["turn-went-on", "superseded", "failed", "recovered", "call-ended", "author", "muted"]),
  /** The stage that failed. */
  failed: z.string().nullable(),
});
/** Over: `heardMs` of its sound were played. */
export const replyFinished = fact("reply-finished", {
  replyId: z.string(),
  turnId: z.string().nullable(),
  heardMs: z.number(),
  /** The stage that failed, when this is less than the whole reply for that reason. */
  failed: z.string().nullable(),
});

/** Usage as the provider reported it, or as counted. */
export const usageReported = fact("usage-reported", {
  stage: z.enum(["stt", "llm", "tts", "realtime"]),
  model: z.string(),
  replyId: z.string().optional(),
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  characters: z.number().optional(),
  audioMs: z.number().optional(),
});
