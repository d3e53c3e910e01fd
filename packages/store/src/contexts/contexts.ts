import { and, eq, isNull, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { cleanJson } from "../facts/clean.ts";
import { mergePatch } from "./merge.ts";
import { userContexts } from "./schema.ts";

export type UserContextRow = typeof userContexts.$inferSelect;

/** A context's JSON is at most this long. */
export const MAX_CONTEXT_BYTES = 32 * 1024;

/** Whose: a person is named by the tenant (null: of no tenant). */
export interface ContextOwner {
  tenantId: string | null;
  userId: string;
}

export type ContextWritten =
  | { outcome: "written"; row: UserContextRow; isNew: boolean }
  | { outcome: "absent" | "version-changed" | "too-large" };

/** What agents know of people from one call to the next. */
export interface Contexts {
  get(owner: ContextOwner): Promise<UserContextRow | null>;
  /** `version` given: only if it is of that version still. */
  put(owner: ContextOwner, context: Record<string, unknown>, version?: number): Promise<ContextWritten>;
  /** A JSON merge patch. `absent`: there is nothing to change. */
  patch(owner: ContextOwner, patch: Record<string, unknown>, version?: number): Promise<ContextWritten>;
  /** False: there was none. */
  remove(owner: ContextOwner): Promise<boolean>;
  /** A person of that name is erased: of this tenant, or (null) of every one. */
  forget(userId: string, tenantId: string | null): Promise<void>;
}

export function contextsIn(db: NodePgDatabase): Contexts {
  return {
    async get(owner) {
      const [row] = await db.select().from(userContexts).where(isOf(owner));
      return row ?? null;
    },
    put: (owner, context, version) => write(db, owner, version, () => context, { mayMake: true }),
    patch: (owner, patch, version) =>
      write(db, owner, version, (before) => mergePatch(before, patch), { mayMake: false }),
    async remove(owner) {
      const gone = await db.delete(userContexts).where(isOf(owner)).returning({ userId: userContexts.userId });
      return gone.length > 0;
    },
    async forget(userId, tenantId) {
      const ofTenant = tenantId === null ? undefined : eq(userContexts.tenantId, tenantId);
      await db.delete(userContexts).where(and(eq(userContexts.userId, userId), ofTenant));
    },
  };
}

const isOf = ({ tenantId, userId }: ContextOwner) =>
  and(
    tenantId === null ? isNull(userContexts.tenantId) : eq(userContexts.tenantId, tenantId),
    eq(userContexts.userId, userId),
  );

function write(
  db: NodePgDatabase,
  owner: ContextOwner,
  version: number | undefined,
  change: (before: Record<string, unknown>) => unknown,
  { mayMake }: { mayMake: boolean },
): Promise<ContextWritten> {
  return db.transaction(async (tx): Promise<ContextWritten> => {
    // Whoever comes first makes the row, so that two at once change one after the other.
    const made =
      mayMake && version === undefined
        ? await tx
            .insert(userContexts)
            .values({ ...owner, context: {} })
            .onConflictDoNothing()
            .returning({ userId: userContexts.userId })
        : [];
    const [before] = await tx.select().from(userContexts).where(isOf(owner)).for("update");
    if (before === undefined) return { outcome: mayMake && version !== undefined ? "version-changed" : "absent" };
    if (version !== undefined && before.version !== version) return { outcome: "version-changed" };
    const context = cleanJson(change(before.context)) as Record<string, unknown>;
    if (Buffer.byteLength(JSON.stringify(context)) > MAX_CONTEXT_BYTES) {
      if (made.length > 0) await tx.delete(userContexts).where(isOf(owner));
      return { outcome: "too-large" };
    }
    const isNew = made.length > 0;
    const [row] = await tx
      .update(userContexts)
      .set({ context, version: isNew ? 1 : sql`${userContexts.version} + 1`, updatedAt: new Date() })
      .where(isOf(owner))
      .returning();
    return { outcome: "written", row: row!, isNew };
  });
}
