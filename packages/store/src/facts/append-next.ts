import type { Box } from "@parley/engine/sealing";
import type { Pool } from "pg";
import { changesCall } from "../calls/projection.ts";
import type { Batch } from "./fact.ts";
import { namesPeople } from "./people.ts";
import { toRow } from "./row.ts";

/** The next facts of a call that goes on, ready to be sent. */
export interface NextFacts {
  callId: string;
  epoch: number;
  firstSeq: number;
  lastSeq: number;
  count: number;
  /** Of each fact `"s":<seq>,"t":<type>,"a":<at>,"b":<body>` as JSON, without its braces. */
  rows: readonly string[];
  bytes: number;
}

/** What nearly every batch is: the next facts of a call that goes on, none of which changes another row of it; else null. */
export function nextFacts({ callId, epoch, facts }: Batch, box: Box | null): NextFacts | null {
  const [first, last] = [facts[0], facts.at(-1)];
  if (first === undefined || last === undefined || first.seq <= 1) return null;
  if (facts.some((fact) => changesCall(fact) || namesPeople(fact))) return null;
  const rows = facts.map((fact) => {
    const { seq, type, atMs, body } = toRow(fact, box);
    // The envelope was checked: nothing in a type needs to be escaped.
    return `"s":${seq},"t":"${type}","a":${atMs},"b":${body}`;
  });
  const bytes = rows.reduce((sum, row) => sum + row.length, 0);
  return { callId, epoch, firstSeq: first.seq, lastSeq: last.seq, count: facts.length, rows, bytes };
}

// One statement for many calls: one round trip and one sync of the disk. The row that it updates is each call's lock; a
// call that is not where its facts go on is left out, and nothing of it is stored.
const APPEND = `
  with given as (
    select * from json_to_recordset($1::json) as g(i integer, call_id text, epoch integer, first_seq integer, last_seq integer, n integer)
  ), gone_on as (
    update calls c
    set last_seq = g.last_seq, fact_count = c.fact_count + g.n, updated_at = now()
    from given g
    where c.call_id = g.call_id and c.epoch = g.epoch and c.fence <= g.epoch and c.last_seq = g.first_seq - 1
    returning g.i, c.call_month, c.call_id, c.epoch
  ), stored as (
    insert into facts (call_month, call_id, epoch, seq, type, at_ms, body)
    select u.call_month, u.call_id, u.epoch, f.s, f.t, f.a, f.b
    from json_to_recordset($2::json) as f(i integer, s integer, t text, a double precision, b jsonb)
    join gone_on u on u.i = f.i
    on conflict do nothing
  )
  select i from gone_on`;

/** Calls of which each comes once. True for each of those that were stored. */
export async function appendNext(pool: Pool, group: readonly NextFacts[]): Promise<boolean[]> {
  const calls = group.map(({ callId, epoch, firstSeq, lastSeq, count }, i) => ({
    i,
    call_id: callId,
    epoch,
    first_seq: firstSeq,
    last_seq: lastSeq,
    n: count,
  }));
  const facts = group.flatMap(({ rows }, i) => rows.map((row) => `{"i":${i},${row}}`));
  const { rows } = await pool.query<{ i: number }>(APPEND, [JSON.stringify(calls), `[${facts.join(",")}]`]);
  const stored = new Set(rows.map(({ i }) => i));
  return group.map((_call, i) => stored.has(i));
}
