import { and, eq, isNull, lt } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { idempotencyKeys } from "./schema.ts";

export type Begun =
  /** Do it, and say how it ended. */
  | { state: "new" }
  | { state: "done"; status: number; body: string | null }
  | { state: "running" }
  /** The key was used for something else. */
  | { state: "other-request" };

interface Named {
  owner: string;
  key: string;
}

export interface Idempotency {
  begin(request: Named & { requestSha256: Buffer }): Promise<Begun>;
  /** `body` null: the answer held a secret and is not kept. */
  finish(request: Named, answer: { status: number; body: string | null }): Promise<void>;
  /** It failed in a way that trying again may mend. */
  forget(request: Named): Promise<void>;
  /** Drops what is older; how many. */
  sweep(before: Date): Promise<number>;
}

/** Who began it and never said how it ended is dead by then. */
const RUNNING_MS = 120_000;

export function idempotencyIn(db: NodePgDatabase): Idempotency {
  const isIt = ({ owner, key }: Named) =>
    and(eq(idempotencyKeys.owner, owner), eq(idempotencyKeys.idempotencyKey, key));
  return {
    async begin({ owner, key, requestSha256 }) {
      const row = { owner, idempotencyKey: key, requestSha256 };
      const stale = lt(idempotencyKeys.createdAt, new Date(Date.now() - RUNNING_MS));
      await db.delete(idempotencyKeys).where(and(isIt({ owner, key }), isNull(idempotencyKeys.status), stale));
      const made = await db
        .insert(idempotencyKeys)
        .values(row)
        .onConflictDoNothing()
        .returning({ owner: idempotencyKeys.owner });
      if (made.length > 0) return { state: "new" };
      const [found] = await db.select().from(idempotencyKeys).where(isIt({ owner, key }));
      if (found === undefined) return { state: "running" };
      if (!found.requestSha256.equals(requestSha256)) return { state: "other-request" };
      return found.status === null ? { state: "running" } : { state: "done", status: found.status, body: found.body };
    },
    async finish(request, answer) {
      await db.update(idempotencyKeys).set(answer).where(isIt(request));
    },
    async forget(request) {
      await db.delete(idempotencyKeys).where(isIt(request));
    },
    async sweep(before) {
      const gone = await db
        .delete(idempotencyKeys)
        .where(lt(idempotencyKeys.createdAt, before))
        .returning({ owner: idempotencyKeys.owner });
      return gone.length;
    },
  };
}
