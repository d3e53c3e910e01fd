import { and, asc, desc, eq, gt, gte, lt, lte, or, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { isSealedText } from "../data-keys/sealed-text.ts";
import { behind, type PageQuery, pageOf, pageSize } from "../page.ts";
import { calls } from "../schema.ts";
import { openCaller } from "./sealed.ts";

/** One call, as the list shows it. Times are wall clock, for display. */
export interface CallRow {
  callId: string;
  /** Of the owner that wrote last. */
  epoch: number;
  /** The highest one that was written or given to an owner. */
  lastEpoch: number;
  status: "live" | "ended";
  agent: string | null;
  room: string | null;
  tenantId: string | null;
  from: string | null;
  to: string | null;
  language: string | null;
  startedAt: Date;
  endedAt: Date | null;
  endReason: string | null;
  factCount: number;
  lastSeq: number;
}

export interface CallPage {
  /** Newest first. */
  calls: CallRow[];
  /** Opaque; give it back for the next page. Null when this was the last. */
  nextCursor: string | null;
}

const columns = {
  callId: calls.callId,
  epoch: calls.epoch,
  lastEpoch: sql<number>`greatest(${calls.epoch}, ${calls.fence})`.mapWith(Number),
  status: calls.status,
  agent: calls.agent,
  room: calls.room,
  tenantId: calls.tenantId,
  from: calls.from,
  to: calls.to,
  language: calls.language,
  startedAt: calls.startedAt,
  endedAt: calls.endedAt,
  endReason: calls.endReason,
  factCount: calls.factCount,
  lastSeq: calls.lastSeq,
};

/** `tenantId` given: another tenant's call is not there. */
export async function getCall(
  db: NodePgDatabase,
  keys: KeyRing,
  callId: string,
  tenantId?: string,
): Promise<CallRow | null> {
  const rows = await db
    .select(columns)
    .from(calls)
    .where(and(eq(calls.callId, callId), ofTenant(tenantId)));
  return (await opened(db, keys, rows))[0] ?? null;
}

/** The newest that goes on in this room. */
export async function liveCallIn(
  db: NodePgDatabase,
  keys: KeyRing,
  room: string,
  tenantId?: string,
): Promise<CallRow | null> {
  const rows = await db
    .select(columns)
    .from(calls)
    .where(and(eq(calls.status, "live"), eq(calls.room, room), ofTenant(tenantId)))
    .orderBy(desc(calls.startedAt))
    .limit(1);
  return (await opened(db, keys, rows))[0] ?? null;
}

export interface CallQuery extends PageQuery {
  /** Of this tenant alone. */
  tenantId?: string | undefined;
  status?: "live" | "ended" | undefined;
  agent?: string | undefined;
  /** Begun at or after this time. */
  since?: Date | undefined;
  /** Begun before this time. */
  until?: Date | undefined;
  /** Who called. */
  caller?: string | undefined;
  /** Words of the transcript, as Postgres' websearch_to_tsquery reads them. A moment behind what is said. */
  words?: string | undefined;
}

/** Numbers lie sealed in the rows of calls that have a key. */
async function opened(db: NodePgDatabase, keys: KeyRing, rows: readonly CallRow[]): Promise<CallRow[]> {
  const sealed = rows.filter(({ from, to }) => isSealedText(from) || isSealedText(to));
  const boxes = await keys.of(
    db,
    sealed.map(({ callId }) => callId),
  );
  return rows.map((row) => openCaller(boxes.get(row.callId), row.callId, row));
}

/** Throws StoreError `cursor-invalid`. */
export async function listCalls(db: NodePgDatabase, keys: KeyRing, query: CallQuery = {}): Promise<CallPage> {
  const { limit, cursor, tenantId, status, agent, since, until, caller, words } = query;
  const size = pageSize(limit);
  const rows = await db
    .select(columns)
    .from(calls)
    .where(
      and(
        behind(cursor, calls.startedAt, calls.callId),
        ofTenant(tenantId),
        status === undefined ? undefined : eq(calls.status, status),
        agent === undefined ? undefined : eq(calls.agent, agent),
        since === undefined ? undefined : gte(calls.startedAt, since),
        until === undefined ? undefined : lt(calls.startedAt, until),
        caller === undefined ? undefined : calledBy(keys, caller),
        words === undefined ? undefined : said(words),
      ),
    )
    .orderBy(desc(calls.startedAt), desc(calls.callId))
    .limit(size + 1);
  const { items, nextCursor } = pageOf(rows, size, ({ startedAt, callId }) => ({ at: startedAt, id: callId }));
  return { calls: await opened(db, keys, items), nextCursor };
}

/** Their numbers lie sealed, and are looked up by their HMAC; in the rows of calls without a key they are plain. */
const calledBy = (keys: KeyRing, caller: string) =>
  or(
    eq(calls.from, caller),
    sql`${calls.callId} in (select call_id from parley_keys.call_people
      where person_hmac = ${keys.hmac(caller)} and role = 'from')`,
  );

/** A tenant that has numbers and addresses redacted must not find them by search either. */
const said = (words: string) => sql`${calls.callId} in (
  select t.call_id from transcripts t left join tenants n using (tenant_id)
  cross join websearch_to_tsquery('simple', ${words}) as wanted
  where case when coalesce((n.settings ->> 'redactTranscripts')::boolean, false)
    then t.masked @@ wanted else t.words @@ wanted end
  and (t.words @@ wanted or t.masked @@ wanted))`;

const ofTenant = (tenantId: string | undefined) => (tenantId === undefined ? undefined : eq(calls.tenantId, tenantId));

/** Calls that have not ended and of which nothing was stored for `idleMs`, in the order of their ids. */
export async function listLiveCalls(
  db: NodePgDatabase,
  keys: KeyRing,
  { limit = 100, afterCallId = "", idleMs = 0 }: { limit?: number; afterCallId?: string; idleMs?: number } = {},
): Promise<CallRow[]> {
  const idleSince = new Date(Date.now() - Math.max(0, idleMs));
  const rows = await db
    .select(columns)
    .from(calls)
    .where(and(eq(calls.status, "live"), gt(calls.callId, afterCallId), lte(calls.updatedAt, idleSince)))
    .orderBy(asc(calls.callId))
    .limit(Math.min(Math.max(1, Math.trunc(limit)), 500));
  return opened(db, keys, rows);
}
