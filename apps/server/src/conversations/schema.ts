import { z } from "zod";
import { callParams } from "../calls/schema.ts";
import { moment, nextCursor, pageQuery, time } from "../http/page.ts";

const text = z.string().nullable();

export const conversation = z.object({
  callId: z.string(),
  status: z.enum(["live", "ended"]),
  agent: text,
  tenantId: text,
  from: text,
  to: text,
  language: text,
  startedAt: time,
  endedAt: time.nullable(),
  /** Null while it goes on. */
  durationMs: z.number().nullable(),
  endReason: text,
});

export const conversationQuery = pageQuery.extend({
  status: z.enum(["live", "ended"]).optional(),
  agent: z.string().max(128).optional(),
  from: moment.optional().describe("Begun at or after this time"),
  until: moment.optional().describe("Begun before this time"),
  caller: z.string().max(256).optional().describe("The number or address that called"),
  q: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe('Words of the transcript, all of them; "in quotes" together, -without, a or b'),
});
export const conversationList = z.object({
  conversations: z.array(conversation),
  nextCursor,
  /** With `q`: calls that ended since then may be missing. Else null. */
  searchedUntil: time.nullable(),
});

export const conversationParams = callParams;
export const turn = z.object({
  speaker: z.enum(["user", "agent"]),
  participantId: text,
  name: text,
  text: z.string(),
  startMs: z.number(),
  endMs: z.number(),
  interrupted: z.boolean(),
});
const tool = z.object({
  toolCallId: z.string(),
  tool: z.string(),
  args: z.unknown(),
  startMs: z.number(),
  endMs: z.number().nullable(),
  outcome: z.enum(["running", "finished", "failed", "cancelled"]),
  result: z.unknown(),
});
const usage = z.object({
  models: z.record(
    z.string(),
    z.object({
      stage: z.enum(["stt", "llm", "tts", "realtime"]),
      requests: z.number(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      characters: z.number(),
      audioMs: z.number(),
    }),
  ),
  discardedReplies: z.number(),
  unheardMs: z.number(),
  heardMs: z.number(),
});
export const transcript = z.object({
  conversation,
  /** In the order in which they became true; times in ms since the call began. */
  turns: z.array(turn),
  tools: z.array(tool),
  usage,
  /** Numbers and e-mail addresses were taken out. */
  redacted: z.boolean(),
  /** The log is longer than what is read of it. */
  truncated: z.boolean(),
});
export type ShownTranscript = z.infer<typeof transcript>;

export const exportQuery = z.object({ format: z.enum(["json", "txt", "csv", "vtt"]).default("json") });
