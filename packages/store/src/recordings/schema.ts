import { bigint, boolean, doublePrecision, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { bytes, moment } from "../columns.ts";

const count = (name: string) => bigint(name, { mode: "number" });

export const recordings = pgTable("recordings", {
  recordingId: text("recording_id").primaryKey(),
  callId: text("call_id").notNull(),
  tenantId: text("tenant_id"),
  madeBy: text("made_by", { enum: ["agent", "egress"] }).notNull(),
  status: text("status", { enum: ["receiving", "ready", "failed", "deleted"] })
    .notNull()
    .default("receiving"),
  error: text("error"),
  egressId: text("egress_id"),
  startMs: doublePrecision("start_ms"),
  durationMs: doublePrecision("duration_ms"),
  bytes: count("bytes"),
  contentType: text("content_type").notNull().default("audio/ogg"),
  storage: text("storage"),
  object: text("object"),
  sealedKey: text("sealed_key"),
  version: count("version").notNull().default(0),
  claimedUntil: moment("claimed_until"),
  attempts: integer("attempts").notNull().default(0),
  createdAt: moment("created_at").notNull().defaultNow(),
  stoppingAt: moment("stopping_at"),
  readyAt: moment("ready_at"),
});

export const recordingSegments = pgTable(
  "recording_segments",
  {
    callId: text("call_id").notNull(),
    epoch: integer("epoch").notNull(),
    receivedBytes: count("received_bytes").notNull().default(0),
    isFinal: boolean("is_final").notNull().default(false),
    closedAt: moment("closed_at"),
    sealedKey: text("sealed_key"),
    updatedAt: moment("updated_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.callId, table.epoch] })],
);

export const recordingPieces = pgTable(
  "recording_pieces",
  {
    callId: text("call_id").notNull(),
    epoch: integer("epoch").notNull(),
    atByte: count("at_byte").notNull(),
    bytes: bytes("bytes").notNull(),
  },
  (table) => [primaryKey({ columns: [table.callId, table.epoch, table.atByte] })],
);

export const recordingTickets = pgTable("recording_tickets", {
  ticketSha256: bytes("ticket_sha256").primaryKey(),
  recordingId: text("recording_id").notNull(),
  expiresAt: moment("expires_at").notNull(),
});

export const recordingDeletions = pgTable(
  "recording_deletions",
  {
    storage: text("storage").notNull(),
    object: text("object").notNull(),
    erasureId: text("erasure_id"),
    dueAt: moment("due_at").notNull().defaultNow(),
    attempts: integer("attempts").notNull().default(0),
    error: text("error"),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.storage, table.object] })],
);
