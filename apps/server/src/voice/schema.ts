import { z } from "zod";
import { language } from "../connections/schema.ts";
import { tenantId } from "../http/page.ts";
import { soundFields } from "../sound/decode.ts";

export const processVoice = z
  .object({
    ...soundFields,
    session_id: z.string().min(1).max(128).nullish().describe("Of an earlier answer: the conversation goes on"),
    room_name: z.string().trim().min(1).max(256).nullish().describe("The room's call hears it, and answers aloud"),
    agentId: z.string().min(1).max(128).nullish().describe("For a new session. Default: the server's first agent"),
    voiceLanguage: language.nullish().describe("Of a new session"),
    tenantId: tenantId.nullish().describe("Whose new session; only a key of every tenant may say it"),
  })
  .refine(({ session_id, room_name }) => session_id == null || room_name == null, {
    error: "name either session_id or room_name",
  });
export type ProcessVoice = z.infer<typeof processVoice>;

export const voiceAnswer = z.object({
  transcript: z.string().describe("What was heard; empty when there were no words"),
  intent: z.string().nullable().describe("As the agent told it, see `intents` of an agent; null: it told none"),
  reply_text: z.string().describe("What the agent says to it; empty when it says nothing"),
  audio_data: z.string().describe("Base64 of a WAV file, mono, 16 bit: the reply, its first 120 s"),
  session_id: z.string().describe("The call: give it with the next turn; /api/calls/:callId has it too"),
});

/** What a worker brings. */
export const turnAnswer = z.object({
  transcript: z.string(),
  replyText: z.string(),
  intent: z.string().nullable(),
  wav: z.string(),
});
