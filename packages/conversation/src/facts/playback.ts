import { z } from "zod";
import { fact } from "./envelope.ts";

// What the mouth reports. `heardMs` counts samples that left the queue, never samples that were written.
export const playbackStarted = fact("playback-started", { replyId: z.string() });
/** A checkpoint, at least every 250 ms of sound. `queuedMs` more were on their way to be heard. */
export const playbackProgress = fact("playback-progress", {
  replyId: z.string(),
  heardMs: z.number(),
  queuedMs: z.number().optional(),
});
export const playbackPaused = fact("playback-paused", { replyId: z.string(), heardMs: z.number() });
export const playbackStopped = fact("playback-stopped", { replyId: z.string(), heardMs: z.number() });
/** Everything that was given has been played; more may come. */
export const playbackDrained = fact("playback-drained", { replyId: z.string(), heardMs: z.number() });

// Decisions. Barge-in: ducked -> paused -> stopped, or resumed from where it was.
/** Somebody speaks over the agent: its gain falls at once, nothing is lost. */
export const replyDucked = fact("reply-ducked", { replyId: z.string(), participantId: z.string() });
/** The interruption is confirmed: silence at once, the place is kept until the words are known. */
export const replyPaused = fact("reply-paused", {
  replyId: z.string(),
  because: z.enum(["speech-length", "words", "floor-taken", "nobody-listens"]),
});
/** It was not an interruption: full gain, from where it was. */
export const replyResumed = fact("reply-resumed", { replyId: z.string() });
/** For good. The mouth answers with playback-stopped. */
export const replyStopped = fact("reply-stopped", {
  replyId: z.string(),
  reason: z.enum(["interrupted", "superseded", "requested", "failed", "call-ended"]),
});
