import type { Clock } from "@parley/engine";
import type { Store } from "@parley/store";
import type { ServerLog } from "../log.ts";

/** A key that is gone is noticed by then. */
const LOOK_MS = 3_000;

/** What somebody watches by: a key as it was sent, or (with a ticket) the id of the key that it was made with. */
export type Pass = { secret: string } | { keyId: string };

/** Sees to it that nobody watches longer than their key is good, by asking the store for all of them together. */
export interface Door {
  /** `gone` is told once, when the key was revoked or rotated, has expired, or went with its tenant. Gives what ends the watching. */
  admit(pass: Pass, gone: () => void): () => void;
  /** Idempotent. */
  close(): void;
}

export function liveDoor(options: { store: Pick<Store, "apiKeys">; clock: Clock; log: ServerLog }): Door {
  const { store, clock, log } = options;
  const guests = new Set<{ pass: Pass; gone(): void }>();
  let cancel: (() => void) | null = null;

  async function look(): Promise<void> {
    const asked = [...guests];
    try {
      const secrets = new Set(asked.flatMap(({ pass }) => ("secret" in pass ? [pass.secret] : [])));
      const keyIds = new Set(asked.flatMap(({ pass }) => ("keyId" in pass ? [pass.keyId] : [])));
      const good = await store.apiKeys.stillGood({ secrets: [...secrets], keyIds: [...keyIds] });
      for (const guest of asked) {
        const { pass } = guest;
        const isGood = "secret" in pass ? good.secrets.has(pass.secret) : good.keyIds.has(pass.keyId);
        if (!isGood && guests.delete(guest)) guest.gone();
      }
    } catch (error) {
      // The store that is away says nothing about the keys.
      log.debug({ err: error }, "whether those who watch still may is not known; asked again");
    }
    tick();
  }

  function tick(): void {
    cancel = guests.size === 0 ? null : clock.after(LOOK_MS, () => void look());
  }

  return {
    admit(pass, gone) {
      const guest = { pass, gone };
      guests.add(guest);
      if (cancel === null) tick();
      return () => void guests.delete(guest);
    },
    close() {
      guests.clear();
      cancel?.();
      cancel = null;
    },
  };
}
