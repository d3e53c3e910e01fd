import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";

/** Tables with a call_id whose rows of an erased call go; facts and the call's own row go besides. */
export const ERASED_WITH_CALL: readonly string[] = [
  "tickets",
  "connections",
  "projection_calls",
  "call_feed",
  "call_places",
  "webhook_events",
  "transcripts",
];
/** Tables with a call_id that keep it: what they say is about no person. */
export const KEPT_OF_CALL: readonly string[] = ["tombstones", "call_usage"];

/**
 * Everything of a call that has ended, in one transaction; its tombstone stays. False: there is no such call, or it is
 * live. Facts that come at the same time wait for it, and find the tombstone.
 */
export async function eraseCall(db: NodePgDatabase, callId: string, erasureId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.execute<{
      status: string;
      call_month: string;
      room: string | null;
      tenant_id: string | null;
    }>(sql`select status, call_month::text, room, tenant_id from calls where call_id = ${callId} for update`);
    const call = rows[0];
    if (call === undefined || call.status !== "ended") return false;
    await tx.execute(sql`
      insert into tombstones (call_id, tenant_id, erasure_id)
      values (${callId}, ${call.tenant_id}, ${erasureId}) on conflict do nothing`);
    await tx.execute(sql`delete from facts where call_month = ${call.call_month}::date and call_id = ${callId}`);
    for (const table of ERASED_WITH_CALL)
      await tx.execute(sql`delete from ${sql.identifier(table)} where call_id = ${callId}`);
    if (call.room !== null) await tx.execute(sql`delete from livekit_events where room_name = ${call.room}`);
    await tx.execute(sql`delete from calls where call_id = ${callId}`);
    return true;
  });
}
