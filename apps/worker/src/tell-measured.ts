import type { Clock } from "@parley/engine/clock";
import type { Backend } from "./backend.ts";
import type { WorkerHealth } from "./health.ts";
import type { WorkerMetrics } from "./metrics.ts";

const EVERY_MS = 5_000;

export interface ToldMeasured {
  /** Tells what is left. Idempotent. */
  close(): void;
}

/** The server hears what is measured here, so that it can show the figures of all its workers. */
export function tellMeasured(
  backend: Pick<Backend, "measured">,
  { metrics, look, clock }: { metrics: WorkerMetrics; look: () => WorkerHealth; clock: Clock },
): ToldMeasured {
  let cancel = (): void => {};
  let isClosed = false;

  function tell(): void {
    metrics.tellNews((sums) => {
      const { running, calls } = look();
      return backend.measured({ sums, running: running === null ? null : { calls, ...running } });
    });
  }

  function again(): void {
    cancel = clock.after(EVERY_MS, () => {
      tell();
      again();
    });
  }
  again();

  return {
    close() {
      if (isClosed) return;
      isClosed = true;
      cancel();
      tell();
    },
  };
}
