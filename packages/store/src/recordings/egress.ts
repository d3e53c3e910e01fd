import { and, asc, eq, isNull, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { deleteSoon, type StoredObject } from "./deletions.ts";
import { becameReady, type Joined } from "./joining.ts";
import type { RecordingRow } from "./recordings.ts";
import { recordings } from "./schema.ts";

/** Recordings that LiveKit's Egress makes. */
export interface EgressRecordings {
  /** One is to be made of this call, into this object. Null: there is one already, or no such live call. */
  begin(callId: string, stored: StoredObject): Promise<{ recordingId: string } | null>;
  /** LiveKit makes it. */
  started(recordingId: string, egressId: string): Promise<void>;
  find(egressId: string): Promise<RecordingRow | null>;
  /** Those that are being made, oldest first, 200 at most. */
  open(): Promise<(RecordingRow & { room: string | null; callEnded: boolean; callStartedAt: Date })[]>;
  /** Its file is there. False: nobody wants it any more, and it goes. */
  ready(recordingId: string, made: Omit<Joined, "sealedKey" | "version">): Promise<boolean>;
  /** There will be none; what may lie there goes. */
  failed(recordingId: string, error: string): Promise<void>;
}

const OPEN = 200;

export function egressIn(db: NodePgDatabase, keys: KeyRing): EgressRecordings {
  return {
    begin: (callId, stored) =>
      db.transaction(async (tx) => {
        // Replicas that have seen the same call begin one after the other.
        await tx.execute(sql`select 1 from calls where call_id = ${callId} for update`);
        const { rows } = await tx.execute<{ recordingId: string }>(sql`
          insert into recordings (recording_id, call_id, tenant_id, made_by, storage, object)
          select 'rec_' || replace(gen_random_uuid()::text, '-', ''), call_id, tenant_id, 'egress',
            ${stored.storage}, ${stored.object}
          from calls c where call_id = ${callId} and status = 'live'
            and not exists (select 1 from recordings r where r.call_id = c.call_id and r.made_by = 'egress')
          returning recording_id as "recordingId"`);
        return rows[0] ?? null;
      }),
    async started(recordingId, egressId) {
      await db
        .update(recordings)
        .set({ egressId })
        .where(and(eq(recordings.recordingId, recordingId), isNull(recordings.egressId)));
    },
    async find(egressId) {
      const [row] = await db.select().from(recordings).where(eq(recordings.egressId, egressId));
      return row ?? null;
    },
    async open() {
      const rows = await db
        .select({
          recording: recordings,
          room: sql<string | null>`c.room`,
          callEnded: sql<boolean>`c.status = 'ended'`,
          startedMs: sql<number>`extract(epoch from c.started_at) * 1000`.mapWith(Number),
        })
        .from(recordings)
        .innerJoin(sql`calls c`, sql`c.call_id = ${recordings.callId}`)
        .where(and(eq(recordings.madeBy, "egress"), eq(recordings.status, "receiving")))
        .orderBy(asc(recordings.createdAt))
        .limit(OPEN);
      return rows.map(({ recording, startedMs, ...call }) => ({
        ...recording,
        ...call,
        callStartedAt: new Date(startedMs),
      }));
    },
    ready: (recordingId, made) =>
      db.transaction((tx) => becameReady(tx, keys, recordingId, { ...made, sealedKey: null, version: 1 })),
    failed: (recordingId, error) =>
      db.transaction(async (tx) => {
        const [row] = await tx.select().from(recordings).where(eq(recordings.recordingId, recordingId)).for("update");
        if (row?.status !== "receiving") return;
        if (row.storage !== null && row.object !== null)
          await deleteSoon(tx, { storage: row.storage, object: row.object });
        await tx
          .update(recordings)
          .set({ status: "failed", error: error.slice(0, 500), storage: null, object: null })
          .where(eq(recordings.recordingId, recordingId));
      }),
  };
}
