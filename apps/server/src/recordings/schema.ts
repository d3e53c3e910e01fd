import { z } from "zod";
import { callParams } from "../calls/schema.ts";
import { turn } from "../conversations/schema.ts";
import { nextCursor, pageQuery, time } from "../http/page.ts";

export const recording = z.object({
  recordingId: z.string(),
  callId: z.string(),
  tenantId: z.string().nullable(),
  madeBy: z.enum(["agent", "egress"]),
  status: z
    .enum(["receiving", "ready", "failed", "deleted"])
    .describe("receiving: it comes while the call goes on, and is made when that has ended"),
  error: z.string().nullable().describe("Why it failed, or is not ready yet"),
  startMs: z.number().nullable().describe("Of its first sample, in ms since the call began"),
  durationMs: z.number().nullable(),
  bytes: z.number().nullable(),
  contentType: z.string(),
  encrypted: z.boolean().describe("Where it lies"),
  createdAt: time,
  readyAt: time.nullable(),
});

export const recordingsQuery = pageQuery.extend({ callId: z.string().min(1).max(128).optional() });
export const recordingList = z.object({ recordings: z.array(recording), nextCursor });
export const recordingParams = z.object({ recordingId: z.string().min(1).max(64) });
export const recordingOfCallParams = callParams;

export const recordingOfCall = z.object({
  recording,
  turns: z.array(
    turn.extend({
      positionMs: z.number().nullable().describe("Where in the recording it begins; null: outside of it"),
    }),
  ),
  redacted: z.boolean().describe("Numbers and e-mail addresses were taken out of the words; they are in the sound"),
  truncated: z.boolean().describe("The call is longer than what is read of it"),
});

export const urlRequest = z.object({
  expiresInSeconds: z.int().min(10).max(86_400).default(600).describe("For so long it can be played"),
});
export const playUrl = z.object({
  url: z.string().describe("For the src of an <audio>: relative to this server, good without a key"),
  expiresAt: time,
});
export const playQuery = z.object({ ticket: z.string().min(1).max(128) });
