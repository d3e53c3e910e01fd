import type { SumsOf } from "@parley/metrics/figures";
import { expect, it } from "vitest";
import type { WorkerHealth } from "./health.ts";
import { workerMetrics } from "./metrics.ts";
import { tellMeasured } from "./tell-measured.ts";
import { manualClock } from "./test/manual-clock.ts";

const turn = (): SumsOf => ({ turns: [[["replied"], 1]] });

it("tells what came since the last time, once, and what nobody heard the next time", () => {
  const clock = manualClock();
  const health = { calls: 2, running: { meanMs: 10, longestMs: 15 }, slots: {}, shards: [] } as unknown as WorkerHealth;
  const metrics = workerMetrics(() => health);
  const heard: object[] = [];
  let stands = true;
  const backend = {
    measured(told: object) {
      if (stands) heard.push(told);
      return stands;
    },
  };
  const told = tellMeasured(backend, { metrics, look: () => health, clock });
  const running = { calls: 2, meanMs: 10, longestMs: 15 };

  metrics.merge(turn());
  metrics.merge(turn());
  clock.advance(5_000);
  expect(heard.splice(0)).toEqual([{ sums: { turns: [[["replied"], 2]] }, running }]);

  stands = false;
  metrics.merge(turn());
  clock.advance(5_000);
  metrics.merge(turn());
  clock.advance(5_000);
  stands = true;
  clock.advance(5_000);
  expect(heard.splice(0)).toEqual([{ sums: { turns: [[["replied"], 2]] }, running }]);

  health.running = null;
  metrics.merge(turn());
  told.close();
  told.close();
  clock.advance(20_000);
  expect(heard).toEqual([{ sums: { turns: [[["replied"], 1]] }, running: null }]);
  expect(metrics.read().turns).toEqual([[["replied"], 5]]);
});
