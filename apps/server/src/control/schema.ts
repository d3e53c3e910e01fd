import { z } from "zod";
import { callParams } from "../calls/schema.ts";
import { soundFields } from "../sound/decode.ts";

const MAX_TEXT_LENGTH = 2_000;
const MAX_LANGUAGE_LENGTH = 35;

/** A number as E.164 writes it, or a SIP address: nothing else can be dialled. */
const destination = z
  .string()
  .max(256)
  .regex(/^(\+[1-9]\d{2,14}|tel:\+[1-9]\d{2,14}|sips?:[\w.+%~-]{1,100}@[\w.:[\]-]{1,120})$/, {
    error: 'a number such as "+15550100", "tel:+15550100", or an address such as "sip:desk@example.com"',
  })
  .transform((to) => (to.startsWith("+") ? `tel:${to}` : to));

export const language = z
  .string()
  .max(MAX_LANGUAGE_LENGTH)
  .transform((tag, context) => {
    try {
      return Intl.getCanonicalLocales(tag)[0]!;
    } catch {
      context.addIssue({ code: "custom", message: "no language tag (BCP 47) such as en or pt-BR" });
      return z.NEVER;
    }
  });

export const controlParams = callParams;

/** What may be done with a live call; the live feed takes the same, with `type` beside it. */
export const say = z.strictObject({
  text: z.string().trim().min(1).max(MAX_TEXT_LENGTH),
  /** Whether a caller who speaks over it stops it. */
  interruptible: z.boolean().default(true),
});
/** Over HTTP sound may be given in place of the voice. */
export const sayOrPlay = say
  .partial({ text: true })
  .extend({ ...soundFields, audio_data: soundFields.audio_data.nullish() })
  .refine(({ text, audio_data }) => text !== undefined || audio_data != null, {
    error: "give text, or audio_data, or both: then the sound is played, and the text is what stands in the transcript",
  });
export type SayOrPlay = z.infer<typeof sayOrPlay>;
export const interrupt = z.strictObject({});
export const mute = z.strictObject({ muted: z.boolean() });
export const setLanguage = z.strictObject({ language });
export const record = z.strictObject({
  /** What is paused or stopped is silence in the recording. */
  action: z.enum(["start", "pause", "resume", "stop"]),
});
export const hangUp = z.strictObject({
  /** Stands in the log as why the call ended. */
  reason: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: "lower-case words with hyphens between, such as ended-by-api" })
    .max(64)
    .default("ended-by-api"),
});
/** To somebody else by telephone, or to another agent in the same room. */
export const transfer = z
  .strictObject({
    to: destination.optional(),
    /** Which telephone caller of several. */
    participantId: z.string().min(1).max(256).optional(),
    agentId: z.string().min(1).max(128).optional().describe("A stored agent's id, or the name of an agent of code"),
    /** What the other agent says first, in place of its greeting. */
    message: z.string().trim().min(1).max(MAX_TEXT_LENGTH).optional(),
    /** For the log: why it goes to the other agent. */
    reason: z.string().trim().min(1).max(MAX_TEXT_LENGTH).optional(),
  })
  .refine(({ to, agentId }) => (to === undefined) !== (agentId === undefined), {
    error: "name either to, a number or SIP address, or agentId, another agent",
  });

export const accepted = z.object({ accepted: z.literal(true) });
export const interrupted = z.object({
  /** False: it was saying nothing. */
  interrupted: z.boolean(),
});
export const muted = z.object({ muted: z.boolean() });
export const languageSet = z.object({ language: z.string() });
export const recorded = z.object({
  /** What it is now. asking: the caller has not yet said whether he agrees, and nothing is kept. */
  recording: z.enum(["off", "asking", "on", "paused"]),
});
export const transferred = z.union([
  z.object({ participantId: z.string(), to: z.string() }),
  z.object({ agentId: z.string() }),
]);
