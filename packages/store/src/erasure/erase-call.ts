import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";

/** Tables with a call_id whose rows of an erased call go; facts and the call's own row go besides. */
export const ERASED_WITH_CALL: readonly string[] = [
  "tickets",
  "connections",
  "projection_calls",
  "call_feed",
  "call_places",
  "webhook_events",
  "transcripts",
  "parcels",
  "context_writes",
  "recording_pieces",
  "recording_segments",
  "recordings",
];
/** Tables with a call_id that keep it: what they say is about no person. */
export const KEPT_OF_CALL: readonly string[] = ["call_usage", "call_model_usage"];

/** So many keys were destroyed. */
export interface Erased {
  keys: number;
}

/**
 * Everything of a call that has ended, in one transaction: its key first, without which nothing of it can be read in a
 * backup either. Its tombstone stays. Facts that come at the same time wait for it, and find the tombstone. Null: there is
 * no such call, or it is live.
 */
export async function eraseCall(
  db: NodePgDatabase,
  keys: KeyRing,
  callId: string,
  erasureId: string,
): Promise<Erased | null> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.execute<CallPlace>(
      sql`select status, call_month::text, room, tenant_id from calls where call_id = ${callId} for update`,
    );
    const { rows: made } = await tx.execute<{
      connection_id: string;
      room_name: string;
      tenant_id: string | null;
      open: boolean;
      fresh: boolean;
    }>(
      sql`select connection_id, room_name, tenant_id, status in ('created', 'active') as open,
          created_at > now() - interval '2 days' as fresh
        from connections where call_id = ${callId} for update`,
    );
    const call = rows[0];
    // One that was made and never began goes too, unless somebody may still come.
    const isOver = call === undefined ? made.length > 0 && made.every(({ open }) => !open) : call.status === "ended";
    if (!isOver) return null;
    await tx.execute(sql`
      insert into parley_keys.tombstones (call_id, tenant_id, erasure_id)
      values (${callId}, ${call?.tenant_id ?? made[0]?.tenant_id ?? null}, ${erasureId}) on conflict do nothing`);
    const destroyed = await keys.destroyOfCall(tx, callId);
    if (call !== undefined) await eraseRows(tx, callId, call);
    else await eraseFollowers(tx, callId);
    const room = call?.room ?? made[0]?.room_name ?? null;
    if (room !== null) await tx.execute(sql`delete from livekit_events where room_name = ${room}`);
    // Answers to writes are kept for a day: that this call was made, with the token for it.
    for (const { connection_id: id } of made.filter(({ fresh }) => fresh))
      await tx.execute(sql`
        delete from idempotency_keys where position(${id} in body) > 0`);
    return { keys: destroyed };
  });
}

interface CallPlace extends Record<string, unknown> {
  status: string;
  call_month: string;
  room: string | null;
  tenant_id: string | null;
}

/** The call's own row, its facts, and all that follows it. */
export async function eraseRows(
  tx: Pick<NodePgDatabase, "execute">,
  callId: string,
  { call_month: month }: { call_month: string },
): Promise<void> {
  await tx.execute(sql`delete from facts where call_month = ${month}::date and call_id = ${callId}`);
  await eraseFollowers(tx, callId);
  await tx.execute(sql`delete from calls where call_id = ${callId}`);
}

async function eraseFollowers(tx: Pick<NodePgDatabase, "execute">, callId: string): Promise<void> {
  await deleteRecordings(tx, callId);
  for (const table of ERASED_WITH_CALL)
    await tx.execute(sql`delete from ${sql.identifier(table)} where call_id = ${callId}`);
}

/** What lies elsewhere goes after the transaction, and is tried until it has. An egress may write a while after the call. */
async function deleteRecordings(tx: Pick<NodePgDatabase, "execute">, callId: string): Promise<void> {
  await tx.execute(sql`
    insert into recording_deletions (storage, object, erasure_id, due_at)
    select r.storage, r.object, t.erasure_id,
      now() + case when r.status = 'receiving' then interval '10 minutes' else interval '0' end
    from recordings r left join parley_keys.tombstones t using (call_id)
    where r.call_id = ${callId} and r.object is not null
    on conflict (storage, object) do update set erasure_id = excluded.erasure_id, due_at = excluded.due_at`);
}
