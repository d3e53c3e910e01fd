import { z } from "zod";
import { fact } from "./envelope.ts";

/** Decisions about a person's turn: opened -> committed -> replied | skipped | failed. */
export const turnOpened = fact("turn-opened", {
  turnId: z.string(),
  participantId: z.string(),
  via: z.enum(["speech", "text"]),
  startMs: z.number(),
  /** The reply that was being spoken when this turn began. */
  overReplyId: z.string().nullable(),
});

/** Audio of segment `segment` is complete: transcribe it. `take` counts how often it went on after it had been asked for. */
export const transcriptRequested = fact("transcript-requested", {
  turnId: z.string(),
  segment: z.int(),
  take: z.int().min(1).optional(),
});

/** The end of the turn is decided. */
export const turnCommitted = fact("turn-committed", {
  turnId: z.string(),
  participantId: z.string(),
  text: z.string(),
  understood: z.boolean(),
  /** Where the person's speech ended. */
  endMs: z.number(),
});

/** The author's hook is asked before the reply. */
export const turnReviewRequested = fact("turn-review-requested", { turnId: z.string() });

export const turnReplied = fact("turn-replied", { turnId: z.string(), replyId: z.string() });
export const turnSkipped = fact("turn-skipped", {
  turnId: z.string(),
  reason: z.enum(["no-words", "back-channel", "superseded", "author", "call-ended", "not-heard", "muted", "consent"]),
});
export const turnFailed = fact("turn-failed", { turnId: z.string(), stage: z.string() });
