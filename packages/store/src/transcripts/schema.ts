import { customType, pgTable, text } from "drizzle-orm/pg-core";

const words = customType<{ data: string }>({ dataType: () => "tsvector" });

export const transcripts = pgTable("transcripts", {
  callId: text("call_id").primaryKey(),
  tenantId: text("tenant_id"),
  words: words("words").notNull(),
  masked: words("masked").notNull(),
});
