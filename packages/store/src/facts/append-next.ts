import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { changesCall } from "../calls/projection.ts";
import { calls } from "../schema.ts";
import type { Batch } from "./fact.ts";
import { factArrays } from "./row.ts";

/**
 * What nearly every batch is: the next facts of a call that goes on, none of which changes the call's own row. One
 * statement instead of a transaction of six; the row that it updates is the call's lock. False: it is no such batch, or
 * the call is not where the batch goes on. Nothing of it is stored then.
 */
export async function appendNext(db: NodePgDatabase, { callId, epoch, facts }: Batch): Promise<boolean> {
  const [first, last] = [facts[0], facts.at(-1)];
  if (first === undefined || last === undefined || first.seq <= 1 || facts.some(changesCall)) return false;
  const { rowCount } = await db.execute(sql`
    with call as (
      update ${calls}
      set last_seq = ${last.seq}::integer, fact_count = fact_count + ${facts.length}::integer, updated_at = now()
      where call_id = ${callId} and epoch = ${epoch}::integer and fence <= ${epoch}::integer
        and last_seq = ${first.seq - 1}::integer
      returning call_month
    )
    insert into facts (call_month, call_id, epoch, seq, type, at_ms, body)
    select call.call_month, ${callId}, ${epoch}::integer, f.seq, f.type, f.at_ms, f.body::jsonb
    from call, ${factArrays(facts)}
    on conflict do nothing`);
  return (rowCount ?? 0) > 0;
}
