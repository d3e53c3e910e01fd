import { parseFact, usageOf } from "@parley/conversation";
import { and, eq, gte, lt, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { CallNews, Projection } from "../projections/projection.ts";
import { usageModelDays } from "./schema.ts";

/** A model's name, or its provider's: what stands before the first slash. */
export interface ModelUsageRow {
  key: string;
  /** In which it was used at all. */
  calls: number;
  requests: number;
  inputTokens: number;
  outputTokens: number;
  characters: number;
  /** Sound that was given to it for recognition. */
  transcribedMs: number;
  /** Sound that it made, whether it was heard or not. */
  madeMs: number;
}

const MOST_MODEL_LENGTH = 200;
const MOST = 1_000;

/** What each call used of each model, and the sums of a day and tenant, moved together. */
export const modelUsageProjection: Projection = {
  name: "usage-of-models",
  types: ["usage-reported"],
  async apply(tx, calls) {
    // A log that is read anew counts anew.
    const again = sql.param(calls.filter(({ fromStart }) => fromStart).map(({ callId }) => callId));
    await tx.execute(sql`
      with gone as (delete from call_model_usage where call_id = any(${again}::text[]) returning *),
      less as (
        select tenant_id, day, model, count(*) as calls, sum(requests) as requests, sum(input_tokens) as input_tokens,
          sum(output_tokens) as output_tokens, sum(characters) as characters,
          sum(transcribed_ms) as transcribed_ms, sum(made_ms) as made_ms
        from gone group by tenant_id, day, model
      )
      update usage_model_days d set
        calls = d.calls - l.calls, requests = d.requests - l.requests,
        input_tokens = d.input_tokens - l.input_tokens, output_tokens = d.output_tokens - l.output_tokens,
        characters = d.characters - l.characters,
        transcribed_ms = d.transcribed_ms - l.transcribed_ms, made_ms = d.made_ms - l.made_ms
      from less l
      where d.tenant_id is not distinct from l.tenant_id and d.day = l.day and d.model = l.model`);
    const rows = calls.flatMap(countsOf);
    const column = <T>(pick: (row: (typeof rows)[number]) => T) => sql.param(rows.map(pick));
    await tx.execute(sql`
      with given as (
        select * from unnest(
          ${column(({ callId }) => callId)}::text[], ${column(({ tenantId }) => tenantId)}::text[],
          ${column(({ day }) => day)}::date[], ${column(({ model }) => model)}::text[],
          ${column(({ requests }) => requests)}::double precision[],
          ${column(({ inputTokens }) => inputTokens)}::double precision[],
          ${column(({ outputTokens }) => outputTokens)}::double precision[],
          ${column(({ characters }) => characters)}::double precision[],
          ${column(({ transcribedMs }) => transcribedMs)}::double precision[],
          ${column(({ madeMs }) => madeMs)}::double precision[]
        ) as g(call_id, tenant_id, day, model,
          requests, input_tokens, output_tokens, characters, transcribed_ms, made_ms)
      ),
      fresh as (
        insert into call_model_usage as u select * from given
        on conflict (call_id, model) do update set
          requests = u.requests + excluded.requests,
          input_tokens = u.input_tokens + excluded.input_tokens,
          output_tokens = u.output_tokens + excluded.output_tokens,
          characters = u.characters + excluded.characters,
          transcribed_ms = u.transcribed_ms + excluded.transcribed_ms, made_ms = u.made_ms + excluded.made_ms
        -- Zero: the row was not there before.
        returning u.call_id, u.model, u.tenant_id, u.day, (xmax = 0)::integer as is_new
      )
      insert into usage_model_days as d
      select f.tenant_id, f.day, g.model, sum(f.is_new), sum(g.requests), sum(g.input_tokens), sum(g.output_tokens),
        sum(g.characters), sum(g.transcribed_ms), sum(g.made_ms)
      from given g join fresh f using (call_id, model) group by f.tenant_id, f.day, g.model
      on conflict (tenant_id, day, model) do update set
        calls = d.calls + excluded.calls, requests = d.requests + excluded.requests,
        input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
        characters = d.characters + excluded.characters,
        transcribed_ms = d.transcribed_ms + excluded.transcribed_ms, made_ms = d.made_ms + excluded.made_ms`);
  },
};

/** Of these facts, a row a model; a malformed fact counts nothing. */
function countsOf({ callId, tenantId, startedAt, facts }: CallNews) {
  const parsed = facts.map(parseFact).flatMap((read) => (read.ok ? [read.fact] : []));
  const day = startedAt.toISOString().slice(0, 10);
  const merged = new Map<string, Omit<ModelUsageRow, "key" | "calls">>();
  for (const [name, used] of Object.entries(usageOf(parsed).models)) {
    // As Postgres can hold it; names that are the same then are one.
    const model = name.slice(0, MOST_MODEL_LENGTH).toWellFormed().replaceAll("\0", "\uFFFD");
    const { stage, requests, inputTokens, outputTokens, characters, audioMs } = used;
    const before = merged.get(model);
    merged.set(model, {
      requests: requests + (before?.requests ?? 0),
      inputTokens: inputTokens + (before?.inputTokens ?? 0),
      outputTokens: outputTokens + (before?.outputTokens ?? 0),
      characters: characters + (before?.characters ?? 0),
      transcribedMs: (stage === "stt" ? audioMs : 0) + (before?.transcribedMs ?? 0),
      madeMs: (stage === "stt" ? 0 : audioMs) + (before?.madeMs ?? 0),
    });
  }
  return [...merged].map(([model, counts]) => ({ callId, tenantId, day, model, ...counts }));
}

/** By model or provider; 1,000 at most. */
export async function sumOfModels(
  db: NodePgDatabase,
  query: { from: string; to: string; by: "model" | "provider"; tenantId?: string | undefined },
): Promise<ModelUsageRow[]> {
  const { from, to, by, tenantId } = query;
  const days = usageModelDays;
  const total = (column: (typeof days)[Exclude<keyof ModelUsageRow, "key">]) =>
    sql<number>`sum(${column})`.mapWith(Number);
  return db
    .select({
      key: by === "model" ? sql<string>`${days.model}` : sql<string>`split_part(${days.model}, '/', 1)`,
      calls: total(days.calls),
      requests: total(days.requests),
      inputTokens: total(days.inputTokens),
      outputTokens: total(days.outputTokens),
      characters: total(days.characters),
      transcribedMs: total(days.transcribedMs),
      madeMs: total(days.madeMs),
    })
    .from(days)
    .where(and(gte(days.day, from), lt(days.day, to), tenantId === undefined ? undefined : eq(days.tenantId, tenantId)))
    .groupBy(sql`1`)
    .having(sql`sum(${days.requests}) > 0`)
    .orderBy(sql`1`)
    .limit(MOST);
}
