import { and, asc, desc, eq, isNull, lt, or, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { calls } from "../schema.ts";
import { sha256 } from "../sha256.ts";
import { eraseCall } from "./erase-call.ts";
import { forgetName } from "./forget-name.ts";
import { erasures } from "./schema.ts";

/** That something was erased, or is to be. `subject` is null once it is done; its hash stays. */
export type ErasureRow = typeof erasures.$inferSelect;

export interface Erasures {
  /** Notes what is to be erased. `subject`: a callId, a caller's number, identity or userId, or a retention rule. */
  begin(erasure: {
    erasureId: string;
    tenantId: string | null;
    reason: ErasureRow["reason"];
    subject: string;
  }): Promise<ErasureRow>;
  /** Erases a call that has ended. False: there is none, or it is live. */
  eraseCall(callId: string, erasureId: string): Promise<boolean>;
  /** Nothing is left to do. */
  finish(erasureId: string): Promise<void>;
  /** `tenantId` given: of that tenant alone. */
  get(erasureId: string, tenantId?: string): Promise<ErasureRow | null>;
  list(query?: PageQuery & { tenantId?: string | undefined }): Promise<Page<ErasureRow>>;
  /** Oldest first, 100 at most. */
  unfinished(): Promise<ErasureRow[]>;
  /** The calls that this person was in: from or to that number, joined under that identity, or named by the application. */
  callsOf(caller: string, tenantId: string | null): Promise<{ callId: string; status: "live" | "ended" }[]>;
  /** Destroys the caller's own key, and what else names them. False: a call of theirs has begun meanwhile and has that key. */
  forgetCaller(caller: string, tenantId: string | null, erasureId: string): Promise<boolean>;
  /** Calls of that tenant that ended before; 200 at most. */
  endedBefore(before: Date, tenantId: string | null): Promise<string[]>;
  /** Facts, calls, keys and recordings that are still there of what an erasure took: 0, or it goes on. */
  remains(erasureId: string): Promise<number>;
}

export function erasuresIn(db: NodePgDatabase, keys: KeyRing): Erasures {
  const isIt = (erasureId: string) => eq(erasures.erasureId, erasureId);
  const ofTenant = (tenantId: string | null) =>
    tenantId === null ? isNull(calls.tenantId) : eq(calls.tenantId, tenantId);

  async function note(erasureId: string, gone: { calls: number; keys: number }): Promise<void> {
    await db
      .update(erasures)
      .set({
        calls: sql`${erasures.calls} + ${gone.calls}`,
        keys: sql`${erasures.keys} + ${gone.keys}`,
        ...(gone.keys > 0 ? { keysDestroyedAt: new Date() } : {}),
      })
      .where(isIt(erasureId));
  }

  return {
    async begin({ subject, ...erasure }) {
      const [row] = await db
        .insert(erasures)
        .values({ ...erasure, subject, subjectSha256: sha256(subject) })
        .returning();
      return row!;
    },
    async eraseCall(callId, erasureId) {
      const erased = await eraseCall(db, keys, callId, erasureId);
      if (erased === null) return false;
      await note(erasureId, { calls: 1, keys: erased.keys });
      return true;
    },
    async finish(erasureId) {
      await db.update(erasures).set({ subject: null, finishedAt: new Date() }).where(isIt(erasureId));
    },
    async get(erasureId, tenantId) {
      const [row] = await db
        .select()
        .from(erasures)
        .where(and(isIt(erasureId), tenantId === undefined ? undefined : eq(erasures.tenantId, tenantId)));
      return row ?? null;
    },
    async list({ limit, cursor, tenantId } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select()
        .from(erasures)
        .where(
          and(
            tenantId === undefined ? undefined : eq(erasures.tenantId, tenantId),
            behind(cursor, erasures.requestedAt, erasures.erasureId),
          ),
        )
        .orderBy(desc(erasures.requestedAt), desc(erasures.erasureId))
        .limit(size + 1);
      return pageOf(rows, size, ({ requestedAt, erasureId }) => ({ at: requestedAt, id: erasureId }));
    },
    unfinished: () =>
      db.select().from(erasures).where(isNull(erasures.finishedAt)).orderBy(asc(erasures.requestedAt)).limit(100),
    async callsOf(caller, tenantId) {
      const known = sql`select call_id from parley_keys.call_people where person_hmac = ${keys.hmac(caller)}`;
      const begun = await db
        .select({ callId: calls.callId, status: calls.status })
        .from(calls)
        .where(
          and(
            ofTenant(tenantId),
            // Of calls without a key all that names people is plain.
            or(
              eq(calls.from, caller),
              eq(calls.to, caller),
              sql`${calls.callId} in (
                ${known}
                union
                select call_id from facts where type = 'participant-joined' and body ->> 'participantId' = ${caller}
                union
                select call_id from facts where type = 'call-started' and body -> 'metadata' ->> 'userId' = ${caller})`,
            ),
          ),
        );
      const { rows: made } = await db.execute<{ callId: string; status: "live" | "ended" }>(sql`
        select call_id as "callId", case when status in ('created', 'active') then 'live' else 'ended' end as status
        from connections n where call_id in (${known}) and tenant_id is not distinct from ${tenantId}
          and not exists (select from calls c where c.call_id = n.call_id)`);
      return [...begun, ...made];
    },
    async forgetCaller(caller, tenantId, erasureId) {
      const destroyed = await keys.destroyOfPerson({ tenantId, name: caller });
      if (destroyed === false) return false;
      await note(erasureId, { calls: 0, ...destroyed });
      await forgetName(db, caller, tenantId);
      return true;
    },
    async endedBefore(before, tenantId) {
      const rows = await db
        .select({ callId: calls.callId })
        .from(calls)
        .where(and(ofTenant(tenantId), eq(calls.status, "ended"), lt(calls.endedAt, before)))
        .limit(200);
      return rows.map(({ callId }) => callId);
    },
    async remains(erasureId) {
      const { rows } = await db.execute<{ count: string }>(sql`
        select (select count(*) from calls join parley_keys.tombstones using (call_id) where erasure_id = ${erasureId})
             + (select count(*) from facts join parley_keys.tombstones using (call_id) where erasure_id = ${erasureId})
             + (select count(*) from parley_keys.call_keys join parley_keys.tombstones using (call_id)
                where erasure_id = ${erasureId})
             + (select count(*) from recordings join parley_keys.tombstones using (call_id) where erasure_id = ${erasureId})
             + (select count(*) from recording_deletions where erasure_id = ${erasureId}) as count`);
      return Number(rows[0]?.count ?? 0);
    },
  };
}
