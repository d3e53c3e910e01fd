import { z } from "zod";
import { nextCursor, tenantId, time } from "../http/page.ts";

export const newErasure = z.object({
  caller: z
    .string()
    .trim()
    .min(1)
    .max(256)
    .describe("A telephone number, a participant's identity, or the userId in the metadata of a call"),
  tenantId: tenantId.nullish().describe("Whose; only a key of every tenant may say it"),
});

export const erasure = z.object({
  erasureId: z.string(),
  tenantId: z.string().nullable(),
  reason: z.enum(["call", "caller", "retention"]),
  subjectSha256: z.string().describe("SHA-256, in hex, of the caller or callId that was asked for"),
  calls: z.int().describe("So many are gone"),
  keys: z.int().describe("So many data keys were destroyed, without which nothing of it can be read in a backup"),
  keysDestroyedAt: time.nullable().describe("When the last of them was; null: none was"),
  requestedAt: time,
  finishedAt: time.nullable().describe("Null: a call of theirs still runs, and goes when it has ended"),
});
export const erasureList = z.object({ erasures: z.array(erasure), nextCursor });
export const erasureParams = z.object({ erasureId: z.string().min(1).max(64) });
export const erasureProof = erasure.extend({
  remaining: z.int().describe("What is still there of these calls, counted now"),
});
