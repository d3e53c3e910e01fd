import { and, desc, eq, gt, lt, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { sha256 } from "../sha256.ts";
import { deleteSoon } from "./deletions.ts";
import { recordings, recordingTickets } from "./schema.ts";

/** What a call sounded like, and where that lies. */
export type RecordingRow = typeof recordings.$inferSelect;

/** `tenantId` given: of that tenant alone; whatever is another's is not there. */
export interface Recordings {
  get(recordingId: string, tenantId?: string): Promise<RecordingRow | null>;
  /** What can be heard of a call comes first, then the newest. */
  ofCall(callId: string, tenantId?: string): Promise<RecordingRow[]>;
  list(query?: PageQuery & { tenantId?: string | undefined; callId?: string | undefined }): Promise<Page<RecordingRow>>;
  /** Its sound goes, with what has come of it so far; that there was one is remembered. False: there is none. */
  remove(recordingId: string, tenantId?: string): Promise<boolean>;
  /** Whoever bears this secret may hear it until then. */
  issueTicket(ticket: { secret: string; recordingId: string; expiresAt: Date }): Promise<void>;
  /** The recording that it is good for; null: for none, or no longer. */
  findTicket(secret: string): Promise<string | null>;
}

export function recordingsIn(db: NodePgDatabase): Recordings {
  const isIt = (recordingId: string, tenantId?: string) =>
    and(eq(recordings.recordingId, recordingId), ofTenant(tenantId));
  const ofTenant = (tenantId: string | undefined) =>
    tenantId === undefined ? undefined : eq(recordings.tenantId, tenantId);

  return {
    async get(recordingId, tenantId) {
      const [row] = await db.select().from(recordings).where(isIt(recordingId, tenantId));
      return row ?? null;
    },
    ofCall: (callId, tenantId) =>
      db
        .select()
        .from(recordings)
        .where(and(eq(recordings.callId, callId), ofTenant(tenantId)))
        .orderBy(sql`${recordings.status} = 'ready' desc`, desc(recordings.createdAt))
        .limit(100),
    async list({ limit, cursor, tenantId, callId } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select()
        .from(recordings)
        .where(
          and(
            ofTenant(tenantId),
            callId === undefined ? undefined : eq(recordings.callId, callId),
            behind(cursor, recordings.createdAt, recordings.recordingId),
          ),
        )
        .orderBy(desc(recordings.createdAt), desc(recordings.recordingId))
        .limit(size + 1);
      return pageOf(rows, size, ({ createdAt, recordingId }) => ({ at: createdAt, id: recordingId }));
    },
    remove: (recordingId, tenantId) =>
      db.transaction(async (tx) => {
        const [row] = await tx.select().from(recordings).where(isIt(recordingId, tenantId)).for("update");
        if (row === undefined) return false;
        const { callId, storage, object, madeBy } = row;
        if (storage !== null && object !== null) await deleteSoon(tx, { storage, object });
        await tx
          .update(recordings)
          .set({ status: "deleted", storage: null, object: null, sealedKey: null, error: null })
          .where(isIt(recordingId));
        await tx.delete(recordingTickets).where(eq(recordingTickets.recordingId, recordingId));
        if (madeBy === "egress") return true;
        await tx.execute(sql`delete from recording_pieces where call_id = ${callId}`);
        await tx.execute(sql`delete from recording_segments where call_id = ${callId}`);
        return true;
      }),
    async issueTicket({ secret, ...ticket }) {
      await db.delete(recordingTickets).where(lt(recordingTickets.expiresAt, new Date()));
      await db.insert(recordingTickets).values({ ...ticket, ticketSha256: sha256(secret) });
    },
    async findTicket(secret) {
      const [row] = await db
        .select({ recordingId: recordingTickets.recordingId })
        .from(recordingTickets)
        .where(and(eq(recordingTickets.ticketSha256, sha256(secret)), gt(recordingTickets.expiresAt, new Date())));
      return row?.recordingId ?? null;
    },
  };
}
