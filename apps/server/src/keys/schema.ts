import { z } from "zod";
import { scopes } from "../access/scopes.ts";
import { moment, nextCursor, tenantId, time, title } from "../http/page.ts";

const scope = z.enum(scopes as [string, ...string[]]);

export const apiKey = z.object({
  keyId: z.string(),
  tenantId: z.string().nullable().describe("Null: every tenant"),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
});

export const newKey = z.object({
  name: title,
  scopes: z.array(scope).min(1).max(scopes.length).describe("<resource>:write includes <resource>:read"),
  tenantId: tenantId.nullish().describe("Whose; only a key of every tenant may say it"),
  expiresAt: moment.nullish(),
});
export type NewKey = z.infer<typeof newKey>;

/** The only answer that ever holds the key. */
export const keyWithSecret = apiKey.extend({ key: z.string().describe("Shown this once") });
export const keyList = z.object({ keys: z.array(apiKey), nextCursor });
export const keyParams = z.object({ keyId: z.string().min(1).max(64) });
export const rotation = z.object({
  graceSeconds: z.int().min(0).max(604_800).default(3_600).describe("How long the old key is good"),
});
