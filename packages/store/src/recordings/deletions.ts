import { and, eq, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { Transaction } from "../projections/projection.ts";
import { recordingDeletions as deletions } from "./schema.ts";

/** An object of a storage. */
export interface StoredObject {
  storage: string;
  object: string;
}

export interface Deletions {
  /** Somebody writes this object: if nothing is heard of it for `leaseMs`, it goes. */
  writing(stored: StoredObject, leaseMs: number): Promise<void>;
  /** Takes what is due of a storage, 100 at most; each goes to one replica, which has `leaseMs` to say how it went. */
  take(storage: string, leaseMs: number): Promise<(StoredObject & { attempts: number })[]>;
  done(stored: StoredObject): Promise<void>;
  failed(stored: StoredObject, error: string, retryMs: number): Promise<void>;
}

const MOST = 100;

export function deletionsIn(db: NodePgDatabase): Deletions {
  const isIt = ({ storage, object }: StoredObject) => and(eq(deletions.storage, storage), eq(deletions.object, object));
  const inMs = (ms: number) => sql`now() + ${ms} * interval '1 ms'`;

  return {
    async writing(stored, leaseMs) {
      await db.insert(deletions).values({ ...stored, dueAt: inMs(leaseMs) });
    },
    async take(storage, leaseMs) {
      const { rows } = await db.execute<StoredObject & { attempts: number } & Record<string, unknown>>(sql`
        update recording_deletions d set due_at = ${inMs(leaseMs)}, attempts = d.attempts + 1
        from (
          select storage, object from recording_deletions where storage = ${storage} and due_at <= now()
          order by due_at limit ${MOST} for update skip locked
        ) due
        where d.storage = due.storage and d.object = due.object
        returning d.storage, d.object, d.attempts`);
      return rows;
    },
    async done(stored) {
      await db.delete(deletions).where(isIt(stored));
    },
    async failed(stored, error, retryMs) {
      await db
        .update(deletions)
        .set({ error: error.slice(0, 500), dueAt: inMs(retryMs) })
        .where(isIt(stored));
    },
  };
}

/** It goes with the next look. */
export async function deleteSoon(tx: Transaction, stored: StoredObject) {
  await tx
    .insert(deletions)
    .values(stored)
    .onConflictDoUpdate({
      target: [deletions.storage, deletions.object],
      set: { dueAt: sql`now()` },
    });
}
