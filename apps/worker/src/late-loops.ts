import { FULL_LOOP_DELAY_MS } from "./load.ts";
import type { PooledShard } from "./shard-pool.ts";

export interface LateLoop {
  shard: number;
  calls: number;
  loopDelayP50Ms: number;
  loopDelayP99Ms: number;
  cpuCores: number;
}

/** Tells of each shard once when its event loop gets late, and again only after it was well in between. */
export function watchLoops(): { look(shards: readonly Pick<PooledShard, "shardId" | "beat">[]): LateLoop[] } {
  let late = new Set<number>();
  return {
    look(shards) {
      const told: LateLoop[] = [];
      const stillLate = new Set<number>();
      for (const { shardId, beat } of shards) {
        if (!beat || beat.loopDelayMs < FULL_LOOP_DELAY_MS / (late.has(shardId) ? 2 : 1)) continue;
        stillLate.add(shardId);
        const { calls, loopDelayP50Ms, loopDelayMs: loopDelayP99Ms, cpuCores } = beat;
        if (!late.has(shardId)) told.push({ shard: shardId, calls, loopDelayP50Ms, loopDelayP99Ms, cpuCores });
      }
      late = stillLate;
      return told;
    },
  };
}
