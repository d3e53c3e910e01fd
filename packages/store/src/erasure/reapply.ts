import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { ERASED_WITH_CALL, eraseRows } from "./erase-call.ts";

/**
 * Erases again what a backup from before has brought back: the list of what was erased lies with the keys, which are newer.
 * How many calls.
 */
export async function reapplyErasures(db: NodePgDatabase): Promise<number> {
  const { rows } = await db.execute<{ call_id: string; call_month: string }>(
    sql`select call_id, call_month::text from calls join parley_keys.tombstones using (call_id)`,
  );
  for (const { call_id: callId, ...place } of rows) await db.transaction((tx) => eraseRows(tx, callId, place));
  // Of one that was made and never began there is a connection alone.
  const { rows: made } = await db.execute(
    sql`select 1 from connections join parley_keys.tombstones using (call_id) limit 1`,
  );
  // Every start comes by here: the large tables are looked through only after a restore.
  for (const table of rows.length + made.length > 0 ? ERASED_WITH_CALL : [])
    await db.execute(
      sql`delete from ${sql.identifier(table)} where call_id in (select call_id from parley_keys.tombstones)`,
    );
  // Contexts: those sealed with a key that was destroyed; and plain ones that were there when that person was erased.
  await db.execute(sql`
    delete from user_contexts where key_id in (select key_id from parley_keys.destroyed_keys)`);
  await db.execute(sql`
    delete from user_contexts u using parley_keys.erasures e
    where e.reason = 'caller' and e.subject_sha256 = sha256(convert_to(u.user_id, 'UTF8'))
      and u.updated_at < e.requested_at and (e.tenant_id is null or e.tenant_id = u.tenant_id)`);
  return rows.length;
}
