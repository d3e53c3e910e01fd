import type { Clock } from "@parley/engine";
import type { Page, Store, TenantRow } from "@parley/store";
import { newId } from "../access/secrets.ts";
import type { ServerLog } from "../log.ts";
import { tenantSettings } from "../tenants/schema.ts";
import { carryOut } from "./carry-out.ts";

const LOOK_MS = 10 * 60_000;
const DAY_MS = 24 * 3_600_000;

export interface ErasureKeeperOptions {
  store: Pick<Store, "erasures" | "contexts" | "tenants" | "dataKeys">;
  clock: Clock;
  log: ServerLog;
  /** What an erasure wants gone of the storage of recordings goes at once, if it can. */
  deleteRecordings(): Promise<void>;
  /** For calls of tenants that say nothing, and of none; null: they stay. */
  retentionDays: number | null;
}

/** Goes on with erasures that wait for a call's end, and erases calls whose time is over. Harmless on several replicas. */
export interface ErasureKeeper {
  /** Resolves when everything that is due is done. */
  lookAtAll(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

export function keepErasing({
  store,
  clock,
  log,
  retentionDays,
  deleteRecordings,
}: ErasureKeeperOptions): ErasureKeeper {
  let isClosed = false;
  let stop = (): void => {};

  async function retain(tenantId: string | null, days: number | null): Promise<void> {
    if (days === null) return;
    const before = new Date(clock.wall() - days * DAY_MS);
    let callIds = await store.erasures.endedBefore(before, tenantId);
    if (callIds.length === 0) return;
    const erasureId = newId("erasure");
    await store.erasures.begin({ erasureId, tenantId, reason: "retention", subject: `${days} days` });
    let erased = 0;
    for (; callIds.length > 0 && !isClosed; callIds = await store.erasures.endedBefore(before, tenantId)) {
      const already = erased;
      for (const callId of callIds) if (await store.erasures.eraseCall(callId, erasureId)) erased++;
      // Another replica was faster.
      if (erased === already) break;
    }
    await deleteRecordings();
    await store.erasures.finish(erasureId);
    log.info({ tenantId, days, calls: erased }, "calls were erased: their retention is over");
  }

  async function lookAtAll(): Promise<void> {
    try {
      for (const erasure of await store.erasures.unfinished())
        if (erasure.reason === "retention") await store.erasures.finish(erasure.erasureId);
        else await carryOut(store, erasure, deleteRecordings);
      await retain(null, retentionDays);
      for (let cursor: string | null | undefined; cursor !== null && !isClosed; ) {
        const page: Page<TenantRow> = await store.tenants.list({ limit: 200, cursor });
        for (const { tenantId, settings } of page.items)
          await retain(tenantId, tenantSettings.parse(settings).retentionDays ?? retentionDays);
        cursor = page.nextCursor;
      }
      await store.dataKeys.sweep();
    } catch (error) {
      log.warn({ err: error }, "what is to be erased could not be looked through; tried again in ten minutes");
    }
  }

  function tick(): void {
    void lookAtAll().finally(() => {
      if (!isClosed) stop = clock.after(LOOK_MS, tick);
    });
  }
  tick();

  return {
    lookAtAll,
    close() {
      isClosed = true;
      stop();
    },
  };
}
