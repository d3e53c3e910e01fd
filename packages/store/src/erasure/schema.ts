import { integer, text } from "drizzle-orm/pg-core";
import { bytes, moment } from "../columns.ts";
import { parleyKeys } from "../data-keys/schema.ts";

export const tombstones = parleyKeys.table("tombstones", {
  callId: text("call_id").primaryKey(),
  tenantId: text("tenant_id"),
  erasureId: text("erasure_id").notNull(),
  erasedAt: moment("erased_at").notNull().defaultNow(),
});

export const erasures = parleyKeys.table("erasures", {
  erasureId: text("erasure_id").primaryKey(),
  tenantId: text("tenant_id"),
  reason: text("reason", { enum: ["call", "caller", "retention"] }).notNull(),
  subject: text("subject"),
  subjectSha256: bytes("subject_sha256").notNull(),
  calls: integer("calls").notNull().default(0),
  requestedAt: moment("requested_at").notNull().defaultNow(),
  finishedAt: moment("finished_at"),
  keys: integer("keys").notNull().default(0),
  keysDestroyedAt: moment("keys_destroyed_at"),
});
