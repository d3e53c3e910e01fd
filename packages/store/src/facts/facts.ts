import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import type { StoredFact } from "./fact.ts";
import { fromRow } from "./row.ts";

export interface FactPage {
  facts: StoredFact[];
  /** Give it as `afterSeq` for the next page; null when this was the last. */
  nextAfterSeq: number | null;
}

export interface FactQuery {
  afterSeq?: number;
  /** 1,000 at most. */
  limit?: number;
  /** Default: all. */
  types?: readonly string[];
}

interface Row extends Record<string, unknown> {
  seq: number;
  epoch: number;
  type: string;
  at_ms: number;
  body: Record<string, unknown> | string;
}

/** A call's log in order. Where a takeover wrote the same seq again, its epoch's fact stands. */
export async function readFacts(
  db: Pick<NodePgDatabase, "execute">,
  keys: KeyRing,
  callId: string,
  { afterSeq = 0, limit = 500, types }: FactQuery = {},
): Promise<FactPage> {
  const size = Math.min(Math.max(1, Math.trunc(limit)), 1000);
  // Another type at the same seq of a newer epoch stands for this one.
  const only =
    types === undefined
      ? sql``
      : sql`and f.type = any(${sql.param([...types])}::text[]) and not exists (
          select from facts n where n.call_month = f.call_month and n.call_id = f.call_id
            and n.seq = f.seq and n.epoch > f.epoch)`;
  const { rows } = await db.execute<Row>(sql`
    select distinct on (f.seq) f.seq, f.epoch, f.type, f.at_ms, f.body
    from facts f
    where f.call_month = (select call_month from calls where call_id = ${callId})
      and f.call_id = ${callId} and f.seq > ${afterSeq} ${only}
      and f.seq <= (select last_seq from calls where call_id = ${callId})
    order by f.seq, f.epoch desc
    limit ${size + 1}`);
  const isSealed = rows.some(({ body }) => typeof body === "string");
  const box = isSealed ? (await keys.of(db, [callId])).get(callId) : undefined;
  const facts = rows.slice(0, size).map(({ at_ms: atMs, ...row }) => fromRow(callId, { ...row, atMs }, box));
  return { facts, nextAfterSeq: rows.length > size ? (facts.at(-1)?.seq ?? null) : null };
}
