import { integer, jsonb, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { moment } from "../columns.ts";

export const agents = pgTable("agents", {
  agentId: text("agent_id").primaryKey(),
  tenantId: text("tenant_id"),
  name: text("name").notNull(),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
  removedAt: moment("removed_at"),
});

export const agentVersions = pgTable(
  "agent_versions",
  {
    agentId: text("agent_id").notNull(),
    version: integer("version").notNull(),
    definition: jsonb("definition").$type<Record<string, unknown>>().notNull(),
    restoredFrom: integer("restored_from"),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.version] })],
);
