import { and, eq, isNull } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { StoreError } from "./error.ts";
import { workerKeys } from "./schema.ts";
import { sha256 } from "./sha256.ts";

/** Shorter keys can be guessed. */
export const MIN_KEY_LENGTH = 16;

export interface WorkerKeys {
  /** Adds a key, or replaces the key of that name and lifts its revocation. Throws StoreError `worker-key-weak`. */
  put(name: string, key: string): Promise<void>;
  /** The name of the key, or null when it is unknown or revoked. */
  find(key: string): Promise<string | null>;
  /** False when there was nothing to revoke. */
  revoke(name: string): Promise<boolean>;
}

export function workerKeysIn(db: NodePgDatabase): WorkerKeys {
  return {
    async put(name, key) {
      if (key.length < MIN_KEY_LENGTH) {
        throw new StoreError(`The worker key "${name}" must have at least ${MIN_KEY_LENGTH} characters.`, {
          code: "worker-key-weak",
          category: "configuration",
        });
      }
      const keySha256 = sha256(key);
      await db
        .insert(workerKeys)
        .values({ name, keySha256 })
        .onConflictDoUpdate({ target: workerKeys.name, set: { keySha256, revokedAt: null } });
    },
    async find(key) {
      const [row] = await db
        .select({ name: workerKeys.name })
        .from(workerKeys)
        .where(and(eq(workerKeys.keySha256, sha256(key)), isNull(workerKeys.revokedAt)));
      return row?.name ?? null;
    },
    async revoke(name) {
      const gone = await db
        .update(workerKeys)
        .set({ revokedAt: new Date() })
        .where(and(eq(workerKeys.name, name), isNull(workerKeys.revokedAt)))
        .returning({ name: workerKeys.name });
      return gone.length > 0;
    },
  };
}
