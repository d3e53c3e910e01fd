import { pgTable, text } from "drizzle-orm/pg-core";
import { bytes, moment } from "../columns.ts";

export const parcels = pgTable("parcels", {
  parcelId: text("parcel_id").primaryKey(),
  callId: text("call_id").notNull(),
  body: bytes("body"),
  expiresAt: moment("expires_at").notNull(),
});
