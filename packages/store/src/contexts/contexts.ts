import { mergePatch } from "@parley/conversation";
import type { Box } from "@parley/engine/sealing";
import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { isSealedText, openText, sealText } from "../data-keys/sealed-text.ts";
import { cleanJson } from "../facts/clean.ts";
import type { Transaction } from "../projections/projection.ts";
import { userContexts } from "./schema.ts";

type StoredRow = typeof userContexts.$inferSelect;
export type UserContextRow = Omit<StoredRow, "context" | "keyId"> & { context: Record<string, unknown> };

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
  /**
   * What a call has taught of its caller: as `patch`, of somebody of whom nothing was known too. `erased`: the call is
   * not there any more, and nothing is kept of it.
   */
  learn(
    owner: ContextOwner,
    callId: string,
    patch: Record<string, unknown>,
  ): Promise<ContextWritten | { outcome: "erased" }>;
  /** False: there was none. */
  remove(owner: ContextOwner): Promise<boolean>;
  /** A person of that name is erased: of this tenant, or (null) of every one. */
  forget(userId: string, tenantId: string | null): Promise<void>;
}

/** Contexts as they are read and changed within a transaction. */
export function contextRows(keys: KeyRing) {
  const namesOf = (userId: string) => [sealedName(keys, userId), userId];
  const isOf = ({ tenantId, userId }: ContextOwner) =>
    and(
      tenantId === null ? isNull(userContexts.tenantId) : eq(userContexts.tenantId, tenantId),
      inArray(userContexts.userId, namesOf(userId)),
    );

  /** `mayMake`: also where nothing was known. */
  async function write(
    tx: Transaction,
    owner: ContextOwner,
    version: number | undefined,
    change: (before: Record<string, unknown>) => unknown,
    { mayMake }: { mayMake: boolean },
  ): Promise<ContextWritten> {
    let [stored] = await tx.select().from(userContexts).where(isOf(owner)).for("update");
    let isNew = false;
    if (stored === undefined && mayMake && version === undefined) {
      // Whoever comes first makes the row, so that two at once change one after the other.
      const made = await tx
        .insert(userContexts)
        .values({ tenantId: owner.tenantId, userId: sealedName(keys, owner.userId), context: {} })
        .onConflictDoNothing()
        .returning({ userId: userContexts.userId });
      isNew = made.length > 0;
      [stored] = await tx.select().from(userContexts).where(isOf(owner)).for("update");
    }
    if (stored === undefined) return { outcome: mayMake && version !== undefined ? "version-changed" : "absent" };
    if (version !== undefined && stored.version !== version) return { outcome: "version-changed" };
    const before = await contextOf(tx, stored);
    const context = cleanJson(change(before)) as Record<string, unknown>;
    if (Buffer.byteLength(JSON.stringify(context)) > MAX_CONTEXT_BYTES) {
      if (isNew) await tx.delete(userContexts).where(isOf(owner));
      return { outcome: "too-large" };
    }
    const key = await keys.forPerson(tx, { tenantId: owner.tenantId, name: owner.userId });
    const name = key === null ? owner.userId : sealedName(keys, owner.userId);
    const [row] = await tx
      .update(userContexts)
      .set({
        userId: name,
        keyId: key?.keyId ?? null,
        context: key === null ? context : sealText(key.box, JSON.stringify(context), `user_contexts/${name}`),
        version: isNew ? 1 : sql`${userContexts.version} + 1`,
        updatedAt: new Date(),
      })
      .where(isOf(owner))
      .returning();
    return { outcome: "written", row: shown(row!, owner.userId, context), isNew };
  }

  async function contextOf(tx: Pick<NodePgDatabase, "execute">, row: StoredRow): Promise<Record<string, unknown>> {
    const { context, keyId, userId } = row;
    if (!isSealedText(context)) return context as Record<string, unknown>;
    const box: Box | null = keyId === null ? null : await keys.byId(tx, keyId);
    // Of a person whose key is gone nothing is known.
    return JSON.parse(openText(box, context, `user_contexts/${userId}`) ?? "{}");
  }

  return { namesOf, isOf, write, contextOf };
}

export function contextsIn(db: NodePgDatabase, keys: KeyRing): Contexts {
  const { namesOf, isOf, write, contextOf } = contextRows(keys);
  return {
    async get(owner) {
      const [row] = await db.select().from(userContexts).where(isOf(owner));
      return row === undefined ? null : shown(row, owner.userId, await contextOf(db, row));
    },
    put: (owner, context, version) =>
      db.transaction((tx) => write(tx, owner, version, () => context, { mayMake: true })),
    patch: (owner, patch, version) =>
      db.transaction((tx) => write(tx, owner, version, (before) => mergePatch(before, patch), { mayMake: false })),
    learn: (owner, callId, patch) =>
      db.transaction(async (tx) => {
        // Held meanwhile: whoever erases the call forgets the person afterwards.
        const { rows } = await tx.execute(sql`select 1 from calls where call_id = ${callId} for key share`);
        if (rows.length === 0) return { outcome: "erased" as const };
        return write(tx, owner, undefined, (before) => mergePatch(before, patch), { mayMake: true });
      }),
    async remove(owner) {
      const gone = await db.delete(userContexts).where(isOf(owner)).returning({ userId: userContexts.userId });
      return gone.length > 0;
    },
    async forget(userId, tenantId) {
      const ofTenant = tenantId === null ? undefined : eq(userContexts.tenantId, tenantId);
      await db.delete(userContexts).where(and(inArray(userContexts.userId, namesOf(userId)), ofTenant));
    },
  };
}

/** In place of a name that would stand there plain. */
const sealedName = (keys: KeyRing, userId: string) => `h1.${keys.hmac(userId).toString("base64url")}`;

function shown(row: StoredRow, userId: string, context: Record<string, unknown>): UserContextRow {
  const { keyId: _keyId, ...rest } = row;
  return { ...rest, userId, context };
}
