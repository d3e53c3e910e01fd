import { jsonb, pgTable, text } from "drizzle-orm/pg-core";
import { moment } from "../columns.ts";

export const connections = pgTable("connections", {
  connectionId: text("connection_id").primaryKey(),
  tenantId: text("tenant_id"),
  roomName: text("room_name").notNull(),
  kind: text("kind", { enum: ["room", "agent"] }).notNull(),
  agentId: text("agent_id").notNull(),
  callId: text("call_id").notNull(),
  agentName: text("agent_name").notNull(),
  metadata: text("metadata").notNull(),
  status: text("status", { enum: ["created", "active", "ended", "failed", "expired"] })
    .notNull()
    .default("created"),
  createdAt: moment("created_at").notNull().defaultNow(),
  startedAt: moment("started_at"),
  emptySince: moment("empty_since").defaultNow(),
  endedAt: moment("ended_at"),
  endReason: text("end_reason"),
});

export const livekitEvents = pgTable("livekit_events", {
  eventId: text("event_id").primaryKey(),
  event: text("event").notNull(),
  roomName: text("room_name"),
  roomSid: text("room_sid"),
  createdAt: moment("created_at").notNull(),
  receivedAt: moment("received_at").notNull().defaultNow(),
  body: jsonb("body").$type<Record<string, unknown>>().notNull(),
});
