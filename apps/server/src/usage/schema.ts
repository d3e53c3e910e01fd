import { z } from "zod";
import { tenantId, time } from "../http/page.ts";

const day = z.iso.date();

const by = z.enum(["day", "month", "agent", "model", "provider"]);

export const usageQuery = z.object({
  from: day.optional().describe("First day (UTC). Default: the first of this month"),
  to: day.optional().describe("The day after the last. Default: tomorrow"),
  by: by.default("day"),
  tenantId: tenantId.optional().describe("One tenant's alone"),
});

const amount = z.number();
export const usageLine = z.object({
  key: z.string().nullable().describe("The day, the month's first day, the agent, the model, or the provider"),
  calls: amount,
  minutes: amount.nullable().describe("Null by model and by provider"),
  inputTokens: amount,
  outputTokens: amount,
  characters: amount.describe("Spoken by voices that are paid by the character"),
  transcribedSeconds: amount.describe("Sound that was given to speech recognition"),
  spokenSeconds: amount.nullable().describe("The agent's speech that was heard; null by model and by provider"),
  requests: amount.nullable().describe("By model and by provider alone"),
  madeSeconds: amount.nullable().describe("Sound that it made, heard or not; by model and by provider alone"),
});

export const usageAnswer = z.object({
  from: day,
  to: day,
  by,
  usage: z.array(usageLine),
  asOf: time.describe("What was stored by then is counted"),
});
