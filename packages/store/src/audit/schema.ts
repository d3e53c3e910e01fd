import { bigint, integer, pgTable, text } from "drizzle-orm/pg-core";
import { moment } from "../columns.ts";

export const auditLog = pgTable("audit_log", {
  auditId: bigint("audit_id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  at: moment("at").notNull().defaultNow(),
  tenantId: text("tenant_id"),
  actor: text("actor").notNull(),
  action: text("action").notNull(),
  target: text("target"),
  status: integer("status").notNull(),
  requestId: text("request_id").notNull(),
  address: text("address"),
});
