import { z } from "zod";
import { tenantId, time } from "../http/page.ts";
import { hookUrl, webhook } from "../webhooks/outbound/schema.ts";

export const hookEvents = ["start", "end"] as const;

export const hookQuery = z.object({
  tenantId: tenantId
    .optional()
    .describe("Whose calls; only a key of every tenant may say it. None: calls of no tenant"),
});
export const hookBody = z.strictObject({
  url: hookUrl,
  events: z
    .array(z.enum(hookEvents))
    .min(1)
    .max(hookEvents.length)
    .default([...hookEvents])
    .describe("start: asked before a call begins; end: told of it when it has ended"),
  startTimeoutMs: z.int().min(50).max(900).default(800).describe("How long a call's beginning waits for the answer"),
});

export const hook = webhook
  .pick({ tenantId: true, url: true, enabled: true, disabledReason: true, failingSince: true, createdAt: true })
  .extend({
    hookId: z.string().describe("Its deliveries: GET /api/webhooks/:hookId/deliveries; its secret: …/rotate"),
    events: z.array(z.enum(hookEvents)),
    startTimeoutMs: z.int(),
    start: z
      .object({
        status: z
          .enum(["working", "failing", "skipped"])
          .describe("skipped: it failed often, and is left alone for 30 s"),
        lastError: z.string().nullable(),
        failedAt: time.nullable(),
      })
      .describe("How asking it went, as far as this replica of the server knows"),
  });
/** The only answer that ever holds the secret. */
export const hookWithSecret = hook.extend({ secret: z.string().describe("whsec_…, shown this once") });
