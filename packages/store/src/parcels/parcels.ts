import { randomBytes } from "node:crypto";
import { and, eq, gt, inArray, isNull, lt } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { parcels } from "./schema.ts";

/** Longer than any turn takes. */
const LIFE_MS = 120_000;

/** Sound on its way to a worker or back, where every replica finds it. Two minutes, then it is gone. */
export interface Parcels {
  /** Its id, unguessable. `body` null: it is to be filled. */
  put(callId: string, body: Buffer | null): Promise<string>;
  /** False: nobody waits for it, or it is filled already. */
  fill(parcelId: string, body: Buffer): Promise<boolean>;
  /** Null: unknown, expired, or not filled yet. */
  get(parcelId: string): Promise<Buffer | null>;
  remove(parcelIds: readonly string[]): Promise<void>;
}

export function parcelsIn(db: NodePgDatabase): Parcels {
  const isThere = (parcelId: string) => and(eq(parcels.parcelId, parcelId), gt(parcels.expiresAt, new Date()));
  return {
    async put(callId, body) {
      const parcelId = randomBytes(18).toString("base64url");
      await db.delete(parcels).where(lt(parcels.expiresAt, new Date()));
      await db.insert(parcels).values({ parcelId, callId, body, expiresAt: new Date(Date.now() + LIFE_MS) });
      return parcelId;
    },
    async fill(parcelId, body) {
      const filled = await db
        .update(parcels)
        .set({ body })
        .where(and(isThere(parcelId), isNull(parcels.body)))
        .returning({ parcelId: parcels.parcelId });
      return filled.length > 0;
    },
    async get(parcelId) {
      const [row] = await db.select({ body: parcels.body }).from(parcels).where(isThere(parcelId));
      return row?.body ?? null;
    },
    async remove(parcelIds) {
      await db.delete(parcels).where(inArray(parcels.parcelId, [...parcelIds]));
    },
  };
}
