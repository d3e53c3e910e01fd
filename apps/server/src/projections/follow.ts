import type { Clock } from "@parley/engine";
import type { Store } from "@parley/store";
import type { ServerLog } from "../log.ts";

const IDLE_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const SWEEP_MS = 60_000;

export interface FollowOptions {
  store: Pick<Store, "projections">;
  clock: Clock;
  log: ServerLog;
}

/** Keeps the views of the log up to date, half a second behind it; with several replicas one of them at a time. */
export function followLog({ store, clock, log }: FollowOptions): { close(): void } {
  let isClosed = false;
  let cancel = (): void => {};
  let waitMs = IDLE_MS;
  let sweepDueMs = clock.now() + SWEEP_MS;

  async function look(): Promise<void> {
    try {
      const moved = await store.projections.advance();
      if (waitMs > IDLE_MS) log.info("the views of the log are brought up to date again");
      waitMs = IDLE_MS;
      if (clock.now() >= sweepDueMs) {
        sweepDueMs = clock.now() + SWEEP_MS;
        await store.projections.sweep();
      }
      again(moved > 0 ? IDLE_MS / 10 : IDLE_MS);
    } catch (error) {
      if (waitMs === IDLE_MS) log.warn({ err: error }, "the views of the log stand still; tried again");
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      again(waitMs);
    }
  }

  function again(ms: number): void {
    if (!isClosed) cancel = clock.after(ms, () => void look());
  }
  again(0);

  return {
    close() {
      isClosed = true;
      cancel();
    },
  };
}
