import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { reapplyErasures } from "./erasure/reapply.ts";
import type { StoreLog } from "./log.ts";

/** Puts right what a backup has brought back that is not true any more. Harmless when there is nothing, and several times. */
export async function afterRestore(db: NodePgDatabase, log: StoreLog): Promise<void> {
  const erased = await reapplyErasures(db);
  if (erased > 0) log.warn({ calls: erased }, "calls that had been erased were in the database again; they are gone");
  if (await rebaseFeed(db)) log.warn({}, "the database comes from another Postgres: views follow its log from here");
  const missing = await requeueTranscripts(db);
  if (missing > 0) log.warn({ calls: missing }, "the transcripts are not in the database; they are made again");
}

/** Transaction ids of another Postgres may be far ahead of this one's: nothing new would ever be seen by the views. */
async function rebaseFeed(db: NodePgDatabase): Promise<boolean> {
  return db.transaction(async (tx) => {
    const { rowCount } = await tx.execute(sql`
      update projections set next_xact = pg_snapshot_xmin(pg_current_snapshot())
      where next_xact > pg_snapshot_xmax(pg_current_snapshot())`);
    if ((rowCount ?? 0) === 0) return false;
    await tx.execute(sql`update call_feed set written_in = pg_current_xact_id()`);
    return true;
  });
}

/** They are left out of backups: words can be searched only where they stand plain. */
async function requeueTranscripts(db: NodePgDatabase): Promise<number> {
  const { rowCount } = await db.execute(sql`
    insert into projection_calls (projection, call_id)
    select 'transcripts', call_id from calls
    where status = 'ended' and not exists (select from transcripts)
      and exists (select from projections where name = 'transcripts')
    on conflict do nothing`);
  return rowCount ?? 0;
}
