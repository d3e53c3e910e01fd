import type { Box } from "@parley/engine/sealing";
import { sql } from "drizzle-orm";
import { openCaller } from "../calls/sealed.ts";
import type { KeyRing } from "../data-keys/data-keys.ts";
import type { StoredFact } from "../facts/fact.ts";
import { fromRow } from "../facts/row.ts";
import type { CallNews, Projection, Transaction } from "./projection.ts";

/** Facts of one call that are read at once. */
const WINDOW = 2_000;
/** Calls that are read at once. */
const MOST_CALLS = 200;

/** News of one call, and where it has been read to by then. */
export interface Read {
  news: CallNews;
  epoch: number;
  seq: number;
}

interface Row extends Record<string, unknown> {
  callId: string;
  tenantId: string | null;
  agent: string | null;
  room: string | null;
  from: string | null;
  to: string | null;
  language: string | null;
  startedAt: number;
  endedAt: number | null;
  endReason: string | null;
  updatedAt: number;
  status: "live" | "ended";
  epoch: number;
  lastSeq: number;
  fromStart: boolean;
  fromSeq: number;
  upTo: number;
  facts: { seq: number; epoch: number; type: string; atMs: number; body: Record<string, unknown> | string }[];
}

/** The calls of which there is more to read, whoever waits longest first; of one call alone when it is named. */
export async function readNews(
  tx: Transaction,
  keys: KeyRing,
  { name, types }: Projection,
  onlyCallId?: string,
): Promise<Read[]> {
  const only = onlyCallId === undefined ? sql`` : sql`and p.call_id = ${onlyCallId}`;
  const { rows } = await tx.execute<Row>(sql`
    with due as (
      select c.*, p.epoch <> c.epoch as from_start, case when p.epoch = c.epoch then p.seq else 0 end as from_seq
      from projection_calls p join calls c using (call_id)
      where p.projection = ${name} and (p.seq < c.last_seq or p.epoch <> c.epoch or c.status = 'ended')
        and (p.retry_at is null or p.retry_at <= now()) ${only}
      order by c.updated_at limit ${MOST_CALLS}
    )
    select d.call_id as "callId", d.tenant_id as "tenantId", d.agent, d.status, d.room, d.language,
      d.from_address as "from", d.to_address as "to", d.epoch, d.last_seq as "lastSeq",
      extract(epoch from d.started_at)::double precision * 1000 as "startedAt", extract(epoch from d.ended_at)::double precision * 1000 as "endedAt", d.end_reason as "endReason",
      extract(epoch from d.updated_at)::double precision * 1000 as "updatedAt", d.from_start as "fromStart", d.from_seq as "fromSeq",
      least(d.last_seq, d.from_seq + ${WINDOW}::integer) as "upTo",
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'seq', f.seq, 'epoch', f.epoch, 'type', f.type, 'atMs', f.at_ms, 'body', f.body) order by f.seq)
        from facts f
        where f.call_month = d.call_month and f.call_id = d.call_id
          and f.seq > d.from_seq and f.seq <= least(d.last_seq, d.from_seq + ${WINDOW}::integer)
          and f.type = any(${sql.param([...types])}::text[])
          and not exists (
            select from facts n where n.call_month = f.call_month and n.call_id = f.call_id
              and n.seq = f.seq and n.epoch > f.epoch)
      ), '[]') as facts
    from due d`);
  const boxes = await keys.of(
    tx,
    rows.map(({ callId }) => callId),
  );
  return rows.map((row) => toRead(row, boxes.get(row.callId)));
}

function toRead(row: Row, box: Box | undefined): Read {
  const { from, to } = openCaller(box, row.callId, row);
  const { callId, tenantId, agent, room, language, endReason, fromStart, fromSeq, epoch, upTo } = row;
  const facts: StoredFact[] = row.facts.map((fact) => fromRow(callId, fact, box));
  const times = {
    startedAt: new Date(row.startedAt),
    endedAt: row.endedAt === null ? null : new Date(row.endedAt),
    updatedAt: new Date(row.updatedAt),
  };
  const isLast = row.status === "ended" && upTo === row.lastSeq;
  const call = { callId, tenantId, agent, room, from, to, language, ...times, endReason };
  return { news: { ...call, facts, afterSeq: fromSeq, upToSeq: upTo, epoch, fromStart, isLast }, epoch, seq: upTo };
}
