import type { Clock } from "@parley/engine";
import type { Store } from "@parley/store";
import type { ServerLog } from "../log.ts";
import { type JoinOptions, join, LEASE_MS } from "./join/join.ts";
import type { RecordingStorage } from "./storage/storage.ts";

const LOOK_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
const SWEEP_MS = 60_000;
/** A worker that is away so long has lost what it did not send, or sends it later: the recording is made without. */
const CUT_MS = 10 * 60_000;
/** How long what was cut off may go on, and pieces wait for a call that is known. */
const IDLE_MS = 24 * 3_600_000;
const DELETE_LEASE_MS = 5 * 60_000;
const LONGEST_RETRY_MS = 3_600_000;

export interface RecordingKeeperOptions extends Omit<JoinOptions, "store"> {
  store: Pick<Store, "recordingSegments" | "recordingJoins" | "recordingDeletions">;
  clock: Clock;
  cutMs?: number;
}

/** Makes recordings of what has come, deletes what is to go, and sweeps. Harmless on several replicas. */
export interface RecordingKeeper {
  /** Deletes what is due now of what erasures and others want gone; what fails is tried again later. Throws StoreError. */
  deleteDue(): Promise<void>;
  /** Does everything that is due; resolves when it is done. Never rejects. */
  lookAtAll(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

export function keepRecordings(options: RecordingKeeperOptions): RecordingKeeper {
  const { store, storage, clock, log, cutMs = CUT_MS } = options;
  let isClosed = false;
  let cancel = (): void => {};
  let waitMs = LOOK_MS;
  let sweepDueMs = clock.now();

  async function joinDue(): Promise<void> {
    // One at a time: each holds its whole sound in memory.
    for (;;) {
      const due = isClosed ? null : await store.recordingJoins.take({ cutMs, leaseMs: LEASE_MS });
      if (due === null) return;
      await join(due, options);
    }
  }

  async function sweep(): Promise<void> {
    if (clock.now() < sweepDueMs) return;
    sweepDueMs = clock.now() + SWEEP_MS;
    await store.recordingSegments.sweep(new Date(clock.wall() - IDLE_MS));
  }

  const deleteDue = () => deleteObjects(store, storage, log);

  async function lookAtAll(): Promise<void> {
    try {
      await joinDue();
      await deleteDue();
      await sweep();
      waitMs = LOOK_MS;
    } catch (error) {
      if (waitMs === LOOK_MS) log.warn({ err: error }, "recordings wait for the store");
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }

  function tick(): void {
    void lookAtAll().finally(() => {
      if (!isClosed) cancel = clock.after(waitMs, tick);
    });
  }
  cancel = clock.after(0, tick);

  return {
    deleteDue,
    lookAtAll,
    close() {
      isClosed = true;
      cancel();
    },
  };
}

async function deleteObjects(
  store: Pick<Store, "recordingDeletions">,
  storage: RecordingStorage,
  log: ServerLog,
): Promise<void> {
  const due = await store.recordingDeletions.take(storage.name, DELETE_LEASE_MS);
  for (const { attempts, ...stored } of due) {
    try {
      await storage.delete(stored.object);
      await store.recordingDeletions.done(stored);
    } catch (error) {
      if ((error as Error).name === "StoreError") throw error;
      const message = error instanceof Error ? error.message : String(error);
      const retryMs = Math.min(5_000 * 2 ** Math.min(attempts, 20), LONGEST_RETRY_MS);
      log.warn({ object: stored.object, attempts, retryMs, err: error }, "a recording's file could not be deleted yet");
      await store.recordingDeletions.failed(stored, message, retryMs);
    }
  }
}
