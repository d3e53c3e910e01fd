import { and, eq, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import type { Transaction } from "../projections/projection.ts";
import { emitEvents } from "../webhooks/events.ts";
import { deleteSoon, type StoredObject } from "./deletions.ts";
import { ofCalls } from "./of-calls.ts";
import { recordings } from "./schema.ts";

/** A recording that is to be made of its pieces. */
export interface Join {
  recordingId: string;
  callId: string;
  /** This one included. */
  attempts: number;
}

/** What a recording has become. */
export interface Joined extends StoredObject {
  startMs: number;
  durationMs: number;
  bytes: number;
  contentType: string;
  sealedKey: string | null;
  /** So many bytes of pieces are in it. */
  version: number;
}

export interface Joining {
  /**
   * Takes the oldest recording that is due: its call has ended, and its segments are final, or nothing came for `cutMs`.
   * Nobody else gets it for `leaseMs`. Null: none is.
   */
  take(options: { cutMs: number; leaseMs: number }): Promise<Join | null>;
  /**
   * The object is written: the recording is ready, and whoever wants to know is told. False: the call was erased or the
   * recording deleted meanwhile, or the object's lease is over; then the object goes.
   */
  ready(recordingId: string, joined: Joined): Promise<boolean>;
  /** `retryMs` null: it stays so. */
  failed(recordingId: string, error: string, retryMs: number | null): Promise<void>;
}

export function joiningIn(db: NodePgDatabase, keys: KeyRing): Joining {
  return {
    async take({ cutMs, leaseMs }) {
      await db.execute(ofCalls(null));
      const { rows } = await db.execute<Join & Record<string, unknown>>(sql`
        update recordings r set claimed_until = now() + ${leaseMs} * interval '1 ms', attempts = r.attempts + 1
        from (
          select r.recording_id from recordings r join calls c using (call_id) join (
            select call_id, sum(received_bytes) as bytes from recording_segments
            where call_id in (select call_id from recording_segments where closed_at is null)
            group by call_id
            having bool_and(is_final or updated_at < now() - ${cutMs} * interval '1 ms')
          ) s using (call_id)
          where r.made_by = 'agent' and r.status in ('receiving', 'ready') and c.status = 'ended' and s.bytes > r.version
            and (r.claimed_until is null or r.claimed_until < now())
          order by r.created_at limit 1 for update of r skip locked
        ) due
        where r.recording_id = due.recording_id
        returning r.recording_id as "recordingId", r.call_id as "callId", r.attempts`);
      return rows[0] ?? null;
    },
    ready: (recordingId, joined) => db.transaction((tx) => becameReady(tx, keys, recordingId, joined)),
    async failed(recordingId, error, retryMs) {
      await db
        .update(recordings)
        .set({
          error: error.slice(0, 500),
          claimedUntil: sql`now() + ${retryMs ?? 0} * interval '1 ms'`,
          ...(retryMs === null ? { status: "failed" as const } : {}),
        })
        .where(and(eq(recordings.recordingId, recordingId), sql`${recordings.status} <> 'deleted'`));
    },
  };
}

/** Of Egress and of pieces alike: in the transaction that makes it so, the event goes out. */
export async function becameReady(
  tx: Transaction,
  keys: KeyRing,
  recordingId: string,
  joined: Joined,
): Promise<boolean> {
  const { storage, object, startMs, durationMs, bytes, contentType, sealedKey, version } = joined;
  const { rows } = await tx.execute<{ callId: string }>(sql`
    select c.call_id as "callId" from calls c join recordings r using (call_id)
    where r.recording_id = ${recordingId} for key share of c`);
  const [before] = await tx
    .select()
    .from(recordings)
    .where(and(eq(recordings.recordingId, recordingId), sql`${recordings.status} <> 'deleted'`))
    .for("update");
  const { rowCount } = await tx.execute(
    sql`delete from recording_deletions where storage = ${storage} and object = ${object}`,
  );
  if (rows.length === 0 || before === undefined || (rowCount === 0 && before.madeBy === "agent")) {
    await deleteSoon(tx, { storage, object });
    return false;
  }
  if (before.storage !== null && before.object !== null && before.object !== object)
    await deleteSoon(tx, { storage: before.storage, object: before.object });
  const [row] = await tx
    .update(recordings)
    .set({
      ...{ storage, object, startMs, durationMs, bytes, contentType, sealedKey, version },
      status: "ready",
      error: null,
      claimedUntil: null,
      attempts: 0,
      readyAt: sql`now()`,
    })
    .where(eq(recordings.recordingId, recordingId))
    .returning();
  await emitEvents(tx, keys, [eventOf(row!)]);
  if (before.madeBy === "agent") await closeSegments(tx, before.callId, version);
  return true;
}

/** Nothing of the call is missing in its recording, and nothing comes any more: its pieces go. */
async function closeSegments(tx: Transaction, callId: string, version: number): Promise<void> {
  const { rowCount } = await tx.execute(sql`
    update recording_segments set closed_at = now() where call_id = ${callId} and (
      select bool_and(is_final) and sum(received_bytes) = ${version} from recording_segments where call_id = ${callId}
    )`);
  if (rowCount) await tx.execute(sql`delete from recording_pieces where call_id = ${callId}`);
}

function eventOf(row: typeof recordings.$inferSelect) {
  const { recordingId, callId, tenantId, madeBy, startMs, durationMs, bytes, contentType, version } = row;
  const about = { recordingId, madeBy, startMs, durationMs, bytes, contentType };
  const [what, at] = [`recording.ready ${recordingId} ${version}`, row.readyAt ?? new Date()];
  return { what, type: "recording.ready" as const, tenantId, callId, at, data: about };
}
