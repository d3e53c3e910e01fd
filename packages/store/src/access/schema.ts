import { boolean, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { bytes, moment } from "../columns.ts";

export const apiKeys = pgTable("api_keys", {
  keyId: text("key_id").primaryKey(),
  tenantId: text("tenant_id"),
  name: text("name").notNull(),
  scopes: text("scopes").array().notNull(),
  keySha256: bytes("key_sha256").notNull().unique(),
  previousSha256: bytes("previous_sha256").unique(),
  previousUntil: moment("previous_until"),
  createdAt: moment("created_at").notNull().defaultNow(),
  expiresAt: moment("expires_at"),
  revokedAt: moment("revoked_at"),
});

export const apps = pgTable("apps", {
  appId: text("app_id").primaryKey(),
  tenantId: text("tenant_id"),
  name: text("name").notNull(),
  publishableKey: text("publishable_key").notNull().unique(),
  allowedOrigins: text("allowed_origins").array().notNull(),
  agents: text("agents").array().notNull(),
  tokensPerMinute: integer("tokens_per_minute").notNull(),
  createdAt: moment("created_at").notNull().defaultNow(),
  revokedAt: moment("revoked_at"),
});

export const tickets = pgTable("tickets", {
  ticketSha256: bytes("ticket_sha256").primaryKey(),
  callId: text("call_id").notNull(),
  tenantId: text("tenant_id"),
  mayControl: boolean("may_control").notNull(),
  keyId: text("key_id"),
  expiresAt: moment("expires_at").notNull(),
});

export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    owner: text("owner").notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
    requestSha256: bytes("request_sha256").notNull(),
    status: integer("status"),
    body: text("body"),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.idempotencyKey] })],
);
