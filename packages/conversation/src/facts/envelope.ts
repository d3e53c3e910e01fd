import { z } from "zod";

/** The version that facts are written with today; older ones pass through `upcast`. */
export const FACT_VERSION = 1;

/** What every fact carries. */
export const envelope = {
  /** Ours, minted once per call. */
  callId: z.string().min(1),
  /** Raised by every takeover; older epochs are refused everywhere. */
  epoch: z.int().min(1),
  /** 1, 2, 3, … within the call, across epochs. Ephemeral facts carry 0: they are not in the log. */
  seq: z.int().min(0),
  /** Milliseconds since the call began, on a clock that never goes back. */
  at: z.number().min(0),
  version: z.int().min(1),
};

/** Builds the schema of one fact type; unknown fields of newer writers are kept. */
export function fact<const T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z.looseObject({ ...envelope, type: z.literal(type), ...shape });
}

/** Errors as facts carry them; `message` is already redacted. */
export const failure = z.object({
  code: z.string(),
  category: z.string(),
  message: z.string(),
  retryable: z.boolean(),
});
export type Failure = z.infer<typeof failure>;

/** A word with its place in an utterance's or a sentence's audio, in ms. */
export const wordTime = z.object({
  word: z.string(),
  startMs: z.number(),
  endMs: z.number(),
  confidence: z.number().optional(),
});
