import { and, asc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { openText, sealText } from "../data-keys/sealed-text.ts";
import { type InCall, named, personOf, userOf } from "../facts/people.ts";
import { connections } from "./schema.ts";

export type ConnectionRow = typeof connections.$inferSelect;
export type ConnectionStatus = ConnectionRow["status"];

export interface ConnectionStats {
  byStatus: Record<ConnectionStatus, number>;
  /** From the first person's coming to the end, of those that ended. Null: none did. */
  averageMs: number | null;
}

/** `tenantId` given: of that tenant alone; whatever is another's is not there. */
export interface Connections {
  create(
    connection: Omit<ConnectionRow, "status" | "createdAt" | "startedAt" | "emptySince" | "endedAt" | "endReason">,
  ): Promise<ConnectionRow>;
  get(connectionId: string, tenantId?: string): Promise<ConnectionRow | null>;
  /** The newest of that room. */
  ofRoom(roomName: string, tenantId?: string): Promise<ConnectionRow | null>;
  /** Whether a connection of that call is not over. */
  isOpenCall(callId: string, tenantId?: string): Promise<boolean>;
  /** Those that may still change, by id, behind `after`, 200 at most. */
  open(query?: { after?: string; roomName?: string }): Promise<ConnectionRow[]>;
  /** Somebody is in the room. False: it was over, or known already. */
  entered(connectionId: string, at: Date): Promise<boolean>;
  /** Nobody is; the first time counts. */
  emptied(connectionId: string, at: Date): Promise<void>;
  /** False: it was over already; an end stays as it was first told. */
  end(
    connectionId: string,
    end: { status: "ended" | "failed" | "expired"; at: Date; reason: string },
  ): Promise<boolean>;
  /** Those that nobody has entered since; which. */
  expire(createdBefore: Date, at: Date): Promise<ConnectionRow[]>;
  stats(tenantId?: string): Promise<ConnectionStats>;
}

const OPEN = ["created", "active"] as const;
const PAGE = 200;
const NONE = { created: 0, active: 0, ended: 0, failed: 0, expired: 0 };

export function connectionsIn(db: NodePgDatabase, keys: KeyRing): Connections {
  const isOpen = inArray(connections.status, [...OPEN]);
  const ofTenant = (tenantId: string | undefined) =>
    tenantId === undefined ? undefined : eq(connections.tenantId, tenantId);
  const isIt = (connectionId: string) => eq(connections.connectionId, connectionId);

  /** Metadata lies sealed with the call's key; empty when that is gone. */
  async function opened(rows: readonly ConnectionRow[]): Promise<ConnectionRow[]> {
    const boxes = await keys.of(
      db,
      rows.map(({ callId }) => callId),
    );
    return rows.map((row) => ({
      ...row,
      metadata: openText(boxes.get(row.callId), row.metadata, about(row)) ?? "",
    }));
  }

  return {
    async create(connection) {
      const { callId, tenantId, metadata } = connection;
      const people = peopleIn(metadata);
      const box = await keys.forCall({ callId, tenantId, person: personOf(people) });
      const [row] = await db
        .insert(connections)
        .values({ ...connection, metadata: sealText(box, metadata, about(connection)) })
        .returning();
      if (box !== null) await keys.notePeople(db, callId, people);
      return { ...row!, metadata };
    },
    async isOpenCall(callId, tenantId) {
      return (await db.$count(connections, and(eq(connections.callId, callId), isOpen, ofTenant(tenantId)))) > 0;
    },
    async get(connectionId, tenantId) {
      const [row] = await db
        .select()
        .from(connections)
        .where(and(isIt(connectionId), ofTenant(tenantId)));
      return row === undefined ? null : (await opened([row]))[0]!;
    },
    async ofRoom(roomName, tenantId) {
      const [row] = await db
        .select()
        .from(connections)
        .where(and(eq(connections.roomName, roomName), ofTenant(tenantId)))
        .orderBy(sql`${connections.status} in ('created', 'active') desc, ${connections.createdAt} desc`)
        .limit(1);
      return row === undefined ? null : (await opened([row]))[0]!;
    },
    open: async ({ after = "", roomName } = {}) => {
      const rows = await db
        .select()
        .from(connections)
        .where(
          and(
            isOpen,
            gt(connections.connectionId, after),
            roomName === undefined ? undefined : eq(connections.roomName, roomName),
          ),
        )
        .orderBy(asc(connections.connectionId))
        .limit(PAGE);
      return opened(rows);
    },
    async entered(connectionId, at) {
      const changed = await db
        .update(connections)
        .set({ status: "active", startedAt: sql`coalesce(${connections.startedAt}, ${at})`, emptySince: null })
        .where(
          and(
            isIt(connectionId),
            isOpen,
            sql`not (${connections.status} = 'active' and ${connections.emptySince} is null)`,
          ),
        )
        .returning({ id: connections.connectionId });
      return changed.length > 0;
    },
    async emptied(connectionId, at) {
      await db
        .update(connections)
        .set({ emptySince: sql`coalesce(${connections.emptySince}, ${at})` })
        .where(and(isIt(connectionId), isOpen));
    },
    async end(connectionId, { status, at, reason }) {
      const changed = await db
        .update(connections)
        .set({ status, endedAt: at, endReason: reason })
        .where(and(isIt(connectionId), isOpen))
        .returning({ id: connections.connectionId });
      return changed.length > 0;
    },
    expire: async (createdBefore, at) => {
      const rows = await db
        .update(connections)
        .set({ status: "expired", endedAt: at, endReason: "nobody-came" })
        .where(and(eq(connections.status, "created"), lt(connections.createdAt, createdBefore)))
        .returning();
      return opened(rows);
    },
    async stats(tenantId) {
      const rows = await db
        .select({
          status: connections.status,
          count: sql<number>`count(*)`.mapWith(Number),
          ms: sql<number | null>`sum(extract(epoch from ${connections.endedAt} - ${connections.startedAt}) * 1000)`,
          timed: sql<number>`count(${connections.endedAt} - ${connections.startedAt})`.mapWith(Number),
        })
        .from(connections)
        .where(ofTenant(tenantId))
        .groupBy(connections.status);
      const byStatus = { ...NONE };
      let ms = 0;
      let timed = 0;
      for (const row of rows) {
        byStatus[row.status] = row.count;
        ms += Number(row.ms ?? 0);
        timed += row.timed;
      }
      return { byStatus, averageMs: timed === 0 ? null : Math.round(ms / timed) };
    },
  };
}

const about = ({ connectionId }: { connectionId: string }) => `connections/${connectionId}`;

/** Whom the application named in the agent's dispatch. */
function peopleIn(metadata: string): InCall[] {
  try {
    const given: unknown = JSON.parse(metadata);
    const from = (given as { from?: unknown } | null)?.from;
    return [...named("user", userOf(given)), ...named("from", from)];
  } catch {
    return [];
  }
}
