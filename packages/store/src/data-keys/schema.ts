import { pgSchema, text } from "drizzle-orm/pg-core";
import { bytes, moment } from "../columns.ts";

/** Apart from the rest, so that a backup can leave it out: see docs/erasure.md. */
export const parleyKeys = pgSchema("parley_keys");

export const dataKeys = parleyKeys.table("data_keys", {
  keyId: text("key_id").primaryKey(),
  tenantId: text("tenant_id"),
  personHmac: bytes("person_hmac"),
  key: bytes("key").notNull(),
  sealedWith: text("sealed_with"),
  createdAt: moment("created_at").notNull().defaultNow(),
});

export const callKeys = parleyKeys.table("call_keys", {
  callId: text("call_id").primaryKey(),
  keyId: text("key_id").notNull(),
  salt: bytes("salt").notNull(),
  createdAt: moment("created_at").notNull().defaultNow(),
});

export const callPeople = parleyKeys.table("call_people", {
  callId: text("call_id").notNull(),
  personHmac: bytes("person_hmac").notNull(),
  role: text("role", { enum: ["from", "to", "user", "joined"] }).notNull(),
});
