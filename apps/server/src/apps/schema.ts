import { z } from "zod";
import { nextCursor, tenantId, time, title } from "../http/page.ts";

const origin = z
  .string()
  .max(300)
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    error: "an origin such as https://www.example.com, without a path",
  });

export const newApp = z.object({
  name: title,
  tenantId: tenantId.nullish().describe("Whose; only a key of every tenant may say it"),
  allowedOrigins: z
    .array(origin)
    .max(50)
    .default([])
    .describe("Pages that may use it; none: no page, only native apps"),
  agents: z.array(z.string().min(1).max(128)).max(100).default([]).describe("Agents it may ask for; none: every one"),
  tokensPerMinute: z.int().min(1).max(100_000).default(60),
});
export type NewApp = z.infer<typeof newApp>;

export const shownApp = z.object({
  appId: z.string(),
  tenantId: z.string().nullable(),
  name: z.string(),
  publishableKey: z.string().describe("No secret: it may stand in a page"),
  allowedOrigins: z.array(z.string()),
  agents: z.array(z.string()),
  tokensPerMinute: z.int(),
  createdAt: time,
  revokedAt: time.nullable(),
});
export const appList = z.object({ apps: z.array(shownApp), nextCursor });
export const appParams = z.object({ appId: z.string().min(1).max(64) });
