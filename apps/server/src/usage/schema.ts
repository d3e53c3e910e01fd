import { z } from "zod";
import { tenantId, time } from "../http/page.ts";

const day = z.iso.date();

export const usageQuery = z.object({
  from: day.optional().describe("First day (UTC). Default: the first of this month"),
  to: day.optional().describe("The day after the last. Default: tomorrow"),
  by: z.enum(["day", "month", "agent"]).default("day"),
  tenantId: tenantId.optional().describe("One tenant's alone"),
});

const amount = z.number();
export const usageLine = z.object({
  key: z.string().nullable().describe("The day, the month's first day, or the agent"),
  calls: amount,
  minutes: amount,
  inputTokens: amount,
  outputTokens: amount,
  characters: amount.describe("Spoken by voices that are paid by the character"),
  transcribedSeconds: amount.describe("Sound that was given to speech recognition"),
  spokenSeconds: amount.describe("The agent's speech that was heard"),
});

export const usageAnswer = z.object({
  from: day,
  to: day,
  by: z.enum(["day", "month", "agent"]),
  usage: z.array(usageLine),
  asOf: time.describe("What was stored by then is counted"),
});
