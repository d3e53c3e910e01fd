import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { moment } from "../columns.ts";

export const webhooks = pgTable("webhooks", {
  webhookId: text("webhook_id").primaryKey(),
  tenantId: text("tenant_id"),
  /** A hook is asked at a call's beginning, too; a tenant has one at most. */
  kind: text("kind", { enum: ["webhook", "hook"] })
    .notNull()
    .default("webhook"),
  startTimeoutMs: integer("start_timeout_ms"),
  url: text("url").notNull(),
  events: text("events").array().notNull(),
  description: text("description").notNull(),
  secret: text("secret").notNull(),
  previousSecret: text("previous_secret"),
  previousUntil: moment("previous_until"),
  failingSince: moment("failing_since"),
  disabledAt: moment("disabled_at"),
  disabledReason: text("disabled_reason"),
  createdAt: moment("created_at").notNull().defaultNow(),
});

export const webhookEvents = pgTable("webhook_events", {
  eventId: text("event_id").primaryKey(),
  tenantId: text("tenant_id"),
  type: text("type").notNull(),
  callId: text("call_id"),
  body: text("body").notNull(),
  createdAt: moment("created_at").notNull().defaultNow(),
});

export const webhookDeliveries = pgTable("webhook_deliveries", {
  deliveryId: text("delivery_id").primaryKey(),
  webhookId: text("webhook_id").notNull(),
  eventId: text("event_id").notNull(),
  status: text("status", { enum: ["pending", "delivered", "dead"] })
    .notNull()
    .default("pending"),
  attempts: integer("attempts").notNull().default(0),
  nextAt: moment("next_at").notNull().defaultNow(),
  responseStatus: integer("response_status"),
  error: text("error"),
  createdAt: moment("created_at").notNull().defaultNow(),
  finishedAt: moment("finished_at"),
});
