import { parseFact, usageOf } from "@parley/conversation";
import { sql } from "drizzle-orm";
import type { CallNews, Projection } from "../projections/projection.ts";

/** What each call used, and the sums of a day, tenant and agent, moved together. */
export const usageProjection: Projection = {
  name: "usage",
  types: ["usage-reported", "reply-finished"],
  async apply(tx, calls) {
    const rows = calls.map((news) => ({ ...countOf(news), ...news }));
    const column = <T>(pick: (row: (typeof rows)[number]) => T) => sql.param(rows.map(pick));
    await tx.execute(sql`
      with given as (
        select * from unnest(
          ${column(({ callId }) => callId)}::text[],
          ${column(({ fromStart }) => fromStart)}::boolean[],
          ${column(({ tenantId }) => tenantId)}::text[],
          ${column(({ startedAt }) => startedAt.toISOString().slice(0, 10))}::date[],
          ${column(({ agent }) => agent)}::text[],
          ${column(({ callMs }) => callMs)}::double precision[],
          ${column(({ inputTokens }) => inputTokens)}::double precision[],
          ${column(({ outputTokens }) => outputTokens)}::double precision[],
          ${column(({ characters }) => characters)}::double precision[],
          ${column(({ transcribedMs }) => transcribedMs)}::double precision[],
          ${column(({ spokenMs }) => spokenMs)}::double precision[]
        ) as g(call_id, from_start, tenant_id, day, agent,
          call_ms, input_tokens, output_tokens, characters, transcribed_ms, spoken_ms)
      ),
      old as (select u.* from call_usage u join given using (call_id)),
      fresh as (
        insert into call_usage as u (call_id, tenant_id, day, agent,
          call_ms, input_tokens, output_tokens, characters, transcribed_ms, spoken_ms)
        select g.call_id, g.tenant_id, g.day, g.agent, g.call_ms,
          coalesce(o.input_tokens, 0) + g.input_tokens, coalesce(o.output_tokens, 0) + g.output_tokens,
          coalesce(o.characters, 0) + g.characters, coalesce(o.transcribed_ms, 0) + g.transcribed_ms,
          coalesce(o.spoken_ms, 0) + g.spoken_ms
        from given g left join old o on o.call_id = g.call_id and not g.from_start
        on conflict (call_id) do update set
          tenant_id = excluded.tenant_id, day = excluded.day, agent = excluded.agent, call_ms = excluded.call_ms,
          input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
          characters = excluded.characters, transcribed_ms = excluded.transcribed_ms, spoken_ms = excluded.spoken_ms
        returning u.*
      ),
      moved as (
        select tenant_id, day, agent, 1 as calls,
          call_ms, input_tokens, output_tokens, characters, transcribed_ms, spoken_ms from fresh
        union all
        select tenant_id, day, agent, -1,
          -call_ms, -input_tokens, -output_tokens, -characters, -transcribed_ms, -spoken_ms from old
      )
      insert into usage_days as d
      select tenant_id, day, agent, sum(calls), sum(call_ms), sum(input_tokens), sum(output_tokens),
        sum(characters), sum(transcribed_ms), sum(spoken_ms)
      from moved group by tenant_id, day, agent
      on conflict (tenant_id, day, agent) do update set
        calls = d.calls + excluded.calls, call_ms = d.call_ms + excluded.call_ms,
        input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
        characters = d.characters + excluded.characters,
        transcribed_ms = d.transcribed_ms + excluded.transcribed_ms, spoken_ms = d.spoken_ms + excluded.spoken_ms`);
  },
};

/** Of these facts; a malformed one counts nothing. */
function countOf({ facts, startedAt, endedAt, updatedAt }: CallNews) {
  const parsed = facts.map(parseFact).flatMap((read) => (read.ok ? [read.fact] : []));
  const { models, heardMs } = usageOf(parsed);
  const count = { inputTokens: 0, outputTokens: 0, characters: 0, transcribedMs: 0, spokenMs: heardMs };
  for (const model of Object.values(models)) {
    count.inputTokens += model.inputTokens;
    count.outputTokens += model.outputTokens;
    count.characters += model.characters;
    if (model.stage === "stt") count.transcribedMs += model.audioMs;
  }
  return { ...count, callMs: Math.max(0, (endedAt ?? updatedAt).getTime() - startedAt.getTime()) };
}
