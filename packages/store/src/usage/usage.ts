import { and, eq, gte, lt, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { type ModelUsageRow, sumOfModels } from "./models.ts";
import { usageDays } from "./schema.ts";

export interface UsageRow {
  /** The day, the month (its first day) or the agent; null: an agent without a name. */
  key: string | null;
  calls: number;
  callMs: number;
  inputTokens: number;
  outputTokens: number;
  /** Spoken by voices that are paid by the character. */
  characters: number;
  /** Sound that was given to speech recognition. */
  transcribedMs: number;
  /** The agent's speech that was heard. */
  spokenMs: number;
}

export interface UsageQuery {
  /** Days (UTC), as `2026-06-30`; `to` is not included. A call counts on the day on which it began. */
  from: string;
  to: string;
  by: "day" | "month" | "agent";
  tenantId?: string | undefined;
}

export interface UsageSums {
  /** By key; as many as there are days (or agents), 1,000 at most. */
  sum(query: UsageQuery): Promise<UsageRow[]>;
  /** By model, or by provider; of a provider a call counts once for each of its models. 1,000 at most. */
  sumOfModels(query: Omit<UsageQuery, "by"> & { by: "model" | "provider" }): Promise<ModelUsageRow[]>;
}

const MOST = 1_000;

export function usageIn(db: NodePgDatabase): UsageSums {
  return {
    sumOfModels: (query) => sumOfModels(db, query),
    async sum({ from, to, by, tenantId }) {
      const key = {
        day: sql<string | null>`${usageDays.day}::text`,
        month: sql<string | null>`date_trunc('month', ${usageDays.day})::date::text`,
        agent: sql<string | null>`${usageDays.agent}`,
      }[by];
      const total = (column: (typeof usageDays)[Exclude<keyof UsageRow, "key">]) =>
        sql<number>`sum(${column})`.mapWith(Number);
      return db
        .select({
          key,
          calls: total(usageDays.calls),
          callMs: total(usageDays.callMs),
          inputTokens: total(usageDays.inputTokens),
          outputTokens: total(usageDays.outputTokens),
          characters: total(usageDays.characters),
          transcribedMs: total(usageDays.transcribedMs),
          spokenMs: total(usageDays.spokenMs),
        })
        .from(usageDays)
        .where(
          and(
            gte(usageDays.day, from),
            lt(usageDays.day, to),
            tenantId === undefined ? undefined : eq(usageDays.tenantId, tenantId),
          ),
        )
        .groupBy(sql`1`)
        .orderBy(sql`1`)
        .limit(MOST);
    },
  };
}
