import { date, doublePrecision, pgTable, text } from "drizzle-orm/pg-core";

const amounts = {
  callMs: doublePrecision("call_ms").notNull(),
  inputTokens: doublePrecision("input_tokens").notNull(),
  outputTokens: doublePrecision("output_tokens").notNull(),
  characters: doublePrecision("characters").notNull(),
  transcribedMs: doublePrecision("transcribed_ms").notNull(),
  spokenMs: doublePrecision("spoken_ms").notNull(),
};

export const callUsage = pgTable("call_usage", {
  callId: text("call_id").primaryKey(),
  tenantId: text("tenant_id"),
  day: date("day", { mode: "string" }).notNull(),
  agent: text("agent"),
  ...amounts,
});

export const usageDays = pgTable("usage_days", {
  tenantId: text("tenant_id"),
  day: date("day", { mode: "string" }).notNull(),
  agent: text("agent"),
  calls: doublePrecision("calls").notNull(),
  ...amounts,
});

export const usageModelDays = pgTable("usage_model_days", {
  tenantId: text("tenant_id"),
  day: date("day", { mode: "string" }).notNull(),
  model: text("model").notNull(),
  calls: doublePrecision("calls").notNull(),
  requests: doublePrecision("requests").notNull(),
  inputTokens: doublePrecision("input_tokens").notNull(),
  outputTokens: doublePrecision("output_tokens").notNull(),
  characters: doublePrecision("characters").notNull(),
  transcribedMs: doublePrecision("transcribed_ms").notNull(),
  madeMs: doublePrecision("made_ms").notNull(),
});
