import { integer, jsonb, pgTable, text } from "drizzle-orm/pg-core";
import { moment } from "../columns.ts";

export const userContexts = pgTable("user_contexts", {
  tenantId: text("tenant_id"),
  userId: text("user_id").notNull(),
  /** A text when it is sealed. */
  context: jsonb("context").$type<Record<string, unknown> | string>().notNull(),
  keyId: text("key_id"),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});
