import { storedAgentChange, storedAgentSchema } from "@parley/agent/stored";
import { z } from "zod";
import { nextCursor, pageQuery, tenantId, time } from "../http/page.ts";

export const newAgent = storedAgentSchema.safeExtend({
  tenantId: tenantId.nullish().describe("Whose; only a key of every tenant may say it"),
});
export type NewAgent = z.infer<typeof newAgent>;

/** Fields that are not named stay as they are; null takes one away. */
export const agentChange = storedAgentChange;
export type AgentChange = z.infer<typeof agentChange>;

const version = z.int().min(1).max(2_147_483_647);
const summary = {
  agentId: z.string(),
  tenantId: z.string().nullable(),
  name: z.string(),
  version,
  createdAt: time,
  updatedAt: time,
};

/** Beside these: what it was made with. */
export const agent = z.looseObject(summary);
export const agentList = z.object({ agents: z.array(z.object(summary)), nextCursor });

const versionSummary = {
  agentId: z.string(),
  version,
  restoredFrom: version.nullable().describe("The version that this one brought back"),
  createdAt: time,
};
export const agentVersion = z.looseObject(versionSummary);
export const agentVersionList = z.object({ versions: z.array(z.object(versionSummary)), nextCursor });

export const agentParams = z.object({ agentId: z.string().min(1).max(64) });
export const agentVersionParams = agentParams.extend({ version: z.coerce.number().pipe(version) });
export const versionsQuery = pageQuery.extend({
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, { error: "not a cursor that this list gave out" })
    .optional(),
});
