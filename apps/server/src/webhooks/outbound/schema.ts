import { webhookEventTypes } from "@parley/store";
import { z } from "zod";
import { nextCursor, pageQuery, tenantId, time } from "../../http/page.ts";

export const hookUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .describe("https, reachable from outside; no user and password in it");
const events = z.array(z.enum(webhookEventTypes)).min(1).max(webhookEventTypes.length);
const description = z.string().trim().max(500);

export const newWebhook = z.object({
  url: hookUrl,
  events,
  description: description.default(""),
  tenantId: tenantId.nullish().describe("Whose calls; only a key of every tenant may say it. None: every tenant's"),
});
export type NewWebhook = z.infer<typeof newWebhook>;

export const webhookChange = z.object({
  url: hookUrl.optional(),
  events: events.optional(),
  description: description.optional(),
  enabled: z.boolean().optional().describe("True: it is told again, of what has waited too"),
});

export const webhook = z.object({
  webhookId: z.string(),
  tenantId: z.string().nullable(),
  url: z.string(),
  events: z.array(z.string()),
  description: z.string(),
  enabled: z.boolean(),
  disabledReason: z.string().nullable(),
  failingSince: time.nullable().describe("Null: it took what it was sent last"),
  createdAt: time,
});
/** The only answers that ever hold the secret. */
export const webhookWithSecret = webhook.extend({ secret: z.string().describe("whsec_…, shown this once") });
export const webhookList = z.object({ webhooks: z.array(webhook), nextCursor });
export const webhookParams = z.object({ webhookId: z.string().min(1).max(64) });
export const secretRotation = z.object({
  graceSeconds: z.int().min(0).max(604_800).default(86_400).describe("How long the old secret signs too"),
});

export const deliveryStatus = z.enum(["pending", "delivered", "dead"]);
export const deliveriesQuery = pageQuery.extend({ status: deliveryStatus.optional() });
export const delivery = z.object({
  deliveryId: z.string(),
  eventId: z.string().describe("The header webhook-id: the same at every attempt"),
  type: z.string(),
  callId: z.string().nullable(),
  status: deliveryStatus,
  attempts: z.int(),
  nextAttemptAt: time.nullable(),
  responseStatus: z.int().nullable(),
  error: z.string().nullable(),
  createdAt: time,
  finishedAt: time.nullable(),
});
export const deliveryList = z.object({ deliveries: z.array(delivery), nextCursor });
export const deliveryParams = webhookParams.extend({ deliveryId: z.string().min(1).max(64) });
export const replayed = z.object({ replayed: z.int().describe("How many are sent again") });
