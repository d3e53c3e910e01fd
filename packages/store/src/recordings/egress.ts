import { and, asc, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { calls } from "../schema.ts";
import { deleteSoon, type StoredObject } from "./deletions.ts";
import { becameReady, type Joined } from "./joining.ts";
import type { RecordingRow } from "./recordings.ts";
import { recordings } from "./schema.ts";

/** One that is being made, with what its call says. */
export interface EgressRow extends RecordingRow {
  room: string | null;
  callEnded: boolean;
  callStartedAt: Date;
}

/** Recordings that LiveKit's Egress makes. */
export interface EgressRecordings {
  /** One is to be made of this call, into this object. Null: one is made already, or there is no such live call. */
  begin(callId: string, stored: StoredObject): Promise<{ recordingId: string } | null>;
  /** LiveKit makes it. */
  started(recordingId: string, egressId: string): Promise<void>;
  /** It is asked to end. */
  stopping(recordingId: string): Promise<void>;
  /** Null: none that is being made. */
  find(egressId: string): Promise<EgressRow | null>;
  /** Those that are being made, oldest first, 200 at most. */
  open(): Promise<EgressRow[]>;
  /** Of one call. */
  openOf(callId: string): Promise<RecordingRow[]>;
  /** Its file is there. False: nobody wants it any more, and it goes. */
  ready(recordingId: string, made: Omit<Joined, "sealedKey" | "version">): Promise<boolean>;
  /** There will be none; what may lie there goes. */
  failed(recordingId: string, error: string): Promise<void>;
}

const OPEN = 200;

export function egressIn(db: NodePgDatabase, keys: KeyRing): EgressRecordings {
  const isOpen = and(eq(recordings.madeBy, "egress"), eq(recordings.status, "receiving"));

  async function rows(more?: SQL): Promise<EgressRow[]> {
    const found = await db
      .select({
        recording: recordings,
        room: calls.room,
        callStatus: calls.status,
        callStartedAt: calls.startedAt,
      })
      .from(recordings)
      .innerJoin(calls, eq(calls.callId, recordings.callId))
      .where(and(isOpen, more))
      .orderBy(asc(recordings.createdAt))
      .limit(OPEN);
    return found.map(({ recording, room, callStatus, callStartedAt }) => ({
      ...recording,
      ...{ room, callEnded: callStatus === "ended", callStartedAt },
    }));
  }

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
            and not exists (
              select 1 from recordings r where r.call_id = c.call_id and r.made_by = 'egress'
                and r.status = 'receiving' and r.stopping_at is null
            )
          returning recording_id as "recordingId"`);
        return rows[0] ?? null;
      }),
    async started(recordingId, egressId) {
      await db
        .update(recordings)
        .set({ egressId })
        .where(and(eq(recordings.recordingId, recordingId), isNull(recordings.egressId)));
    },
    async stopping(recordingId) {
      await db
        .update(recordings)
        .set({ stoppingAt: sql`now()` })
        .where(and(eq(recordings.recordingId, recordingId), isNull(recordings.stoppingAt)));
    },
    async find(egressId) {
      const [row] = await rows(eq(recordings.egressId, egressId));
      return row ?? null;
    },
    open: () => rows(),
    openOf: (callId) =>
      db
        .select()
        .from(recordings)
        .where(and(isOpen, eq(recordings.callId, callId))),
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
