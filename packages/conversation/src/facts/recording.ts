import { z } from "zod";
import { fact } from "./envelope.ts";

/** Somebody wants it so: the API, the author's code. Whether it is done says `recording-changed`. */
export const recordingRequested = fact("recording-requested", {
  action: z.enum(["start", "pause", "resume", "stop"]),
  by: z.string(),
});
/** The caller's answer, as a tool or the author's code understood it. At any time; no ends what is being recorded. */
export const recordingAnswered = fact("recording-answered", { agreed: z.boolean(), by: z.string() });
/** Nothing more can be recorded in this process; the call goes on. */
export const recordingFailed = fact("recording-failed", { code: z.string(), message: z.string() });

/** Decision: from now on the call is recorded, or not. Paused and off sound the same in it: silence. */
export const recordingChanged = fact("recording-changed", {
  /** asking: nothing is kept until the caller has agreed. */
  to: z.enum(["off", "asking", "on", "paused"]),
  because: z.enum(["settings", "requested", "agreed", "refused", "unclear", "no-answer", "failed"]),
  /** Who wished, agreed or refused: a participantId for what was said; null: nobody. */
  by: z.string().nullable(),
});
