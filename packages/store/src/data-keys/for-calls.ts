import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { StoreError } from "../error.ts";
import type { KeyRing } from "./data-keys.ts";

/** For what is kept of a call elsewhere than in the database: it can be read for as long as the call is not erased. */
export interface DataKeys {
  /**
   * Seals with the call's data key. `about` says what it is, such as `recordings/<id>`; it opens as nothing else.
   * Null: the call has no key (it was erased, or nothing is sealed here: `PARLEY_SEAL_FACTS=false`).
   */
  seal(callId: string, plain: Uint8Array, about: string): Promise<Buffer | null>;
  /** Throws StoreError `data-key-destroyed`: the call was erased, or this is not what was sealed as that. */
  open(callId: string, sealed: Uint8Array, about: string): Promise<Buffer>;
  /** Destroys keys that nothing is sealed with, and seals them all with the first secret key. Harmless on several replicas. */
  sweep(): Promise<void>;
}

export function dataKeysIn(db: NodePgDatabase, keys: KeyRing): DataKeys {
  const keyOf = async (callId: string) => (await keys.of(db, [callId])).get(callId);
  return {
    seal: async (callId, plain, about) => (await keyOf(callId))?.seal(plain, about) ?? null,
    async open(callId, sealed, about) {
      const opened = (await keyOf(callId))?.open(sealed, about) ?? null;
      if (opened !== null) return opened;
      throw new StoreError(`What was kept of call ${callId} cannot be read: its data key is gone, or it was altered.`, {
        code: "data-key-destroyed",
        category: "refused",
      });
    },
    sweep: () => keys.sweep(),
  };
}
