import { and, asc, desc, eq, gt, lt, lte, or, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { StoreError } from "../error.ts";
import { calls } from "../schema.ts";

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

export async function getCall(db: NodePgDatabase, callId: string): Promise<CallRow | null> {
  const [row] = await db.select(columns).from(calls).where(eq(calls.callId, callId));
  return row ?? null;
}

/** Throws StoreError `cursor-invalid`. */
export async function listCalls(
  db: NodePgDatabase,
  { limit = 50, cursor }: { limit?: number; cursor?: string } = {},
): Promise<CallPage> {
  const size = Math.min(Math.max(1, Math.trunc(limit)), 200);
  const from = cursor === undefined ? undefined : parseCursor(cursor);
  const older =
    from &&
    or(lt(calls.startedAt, from.startedAt), and(eq(calls.startedAt, from.startedAt), lt(calls.callId, from.callId)));
  const rows = await db
    .select(columns)
    .from(calls)
    .where(older)
    .orderBy(desc(calls.startedAt), desc(calls.callId))
    .limit(size + 1);
  const page = rows.slice(0, size);
  const last = page.at(-1);
  return { calls: page, nextCursor: rows.length > size && last !== undefined ? toCursor(last) : null };
}

/** Calls that have not ended and of which nothing was stored for `idleMs`, in the order of their ids. */
export async function listLiveCalls(
  db: NodePgDatabase,
  { limit = 100, afterCallId = "", idleMs = 0 }: { limit?: number; afterCallId?: string; idleMs?: number } = {},
): Promise<CallRow[]> {
  const idleSince = new Date(Date.now() - Math.max(0, idleMs));
  return db
    .select(columns)
    .from(calls)
    .where(and(eq(calls.status, "live"), gt(calls.callId, afterCallId), lte(calls.updatedAt, idleSince)))
    .orderBy(asc(calls.callId))
    .limit(Math.min(Math.max(1, Math.trunc(limit)), 500));
}

function toCursor(call: CallRow): string {
  return Buffer.from(`${call.startedAt.getTime()}/${call.callId}`).toString("base64url");
}

function parseCursor(cursor: string): { startedAt: Date; callId: string } {
  const match = /^(\d{1,15})\/([\w.:-]{1,128})$/.exec(Buffer.from(cursor, "base64url").toString());
  if (match === null) {
    throw new StoreError(
      "The cursor is not one that this list gave out: leave it away to begin with the newest call.",
      {
        code: "cursor-invalid",
        category: "refused",
      },
    );
  }
  return { startedAt: new Date(Number(match[1])), callId: match[2] ?? "" };
}
