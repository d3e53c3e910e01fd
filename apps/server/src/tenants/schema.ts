import { z } from "zod";
import { nextCursor, tenantId, time, title } from "../http/page.ts";

/** What a tenant may be told apart by. Every field has a default, so that what is stored may lack it. */
export const tenantSettings = z.object({
  /** Calls, their logs and recordings are deleted so many days after their end; null: never. */
  retentionDays: z.int().min(1).max(3_650).nullable().default(null),
  /** Numbers and e-mail addresses are taken out of transcripts that are shown and exported. */
  redactTranscripts: z.boolean().default(false),
  /** Calls at once; null: as many as the workers hold. */
  maxConcurrentCalls: z.int().min(0).max(100_000).nullable().default(null),
  /** Minutes of calls in a calendar month (UTC); null: no end. */
  maxMinutesPerMonth: z.int().min(0).max(100_000_000).nullable().default(null),
});

export const newTenant = z.object({
  tenantId,
  name: title,
  settings: tenantSettings.prefault({}),
});
export type NewTenant = z.infer<typeof newTenant>;

export const tenantChange = z.object({ name: title.optional(), settings: tenantSettings.partial().optional() });
export const tenant = z.object({
  tenantId: z.string(),
  name: z.string(),
  settings: tenantSettings,
  version: z.int(),
  createdAt: time,
  updatedAt: time,
});
export const tenantList = z.object({ tenants: z.array(tenant), nextCursor });
export const tenantParams = z.object({ tenantId });
