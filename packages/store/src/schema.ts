import { date, doublePrecision, integer, jsonb, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { bytes, moment } from "./columns.ts";

// What migrations/*.sql made, as types. The SQL is the truth; a test compares the two.

export const calls = pgTable("calls", {
  callId: text("call_id").primaryKey(),
  callMonth: date("call_month", { mode: "string" }).notNull(),
  epoch: integer("epoch").notNull(),
  fence: integer("fence").notNull().default(0),
  lastSeq: integer("last_seq").notNull().default(0),
  factCount: integer("fact_count").notNull().default(0),
  status: text("status", { enum: ["live", "ended"] })
    .notNull()
    .default("live"),
  agent: text("agent"),
  room: text("room"),
  tenantId: text("tenant_id"),
  from: text("from_address"),
  to: text("to_address"),
  language: text("language"),
  startedAt: moment("started_at").notNull(),
  endedAt: moment("ended_at"),
  endReason: text("end_reason"),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});

export const facts = pgTable(
  "facts",
  {
    callMonth: date("call_month", { mode: "string" }).notNull(),
    callId: text("call_id").notNull(),
    seq: integer("seq").notNull(),
    epoch: integer("epoch").notNull(),
    type: text("type").notNull(),
    atMs: doublePrecision("at_ms").notNull(),
    body: jsonb("body").$type<Record<string, unknown>>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.callMonth, table.callId, table.seq, table.epoch] })],
);

export const workerKeys = pgTable("worker_keys", {
  name: text("name").primaryKey(),
  keySha256: bytes("key_sha256").notNull().unique(),
  createdAt: moment("created_at").notNull().defaultNow(),
  revokedAt: moment("revoked_at"),
});
