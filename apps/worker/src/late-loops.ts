import { FULL_LOOP_DELAY_MS } from "./load.ts";
import type { PooledShard } from "./shard-pool.ts";

/** A burst of joins makes a loop late for a moment; so many looks in a row, a second apart, are no moment. */
const LATE_LOOKS = 5;

export interface LateLoop {
  shard: number;
  calls: number;
  loopDelayP50Ms: number;
  loopDelayP99Ms: number;
  cpuCores: number;
}

/** Tells of each shard once when its event loop has got late and stays so; again only after it was well in between. */
export function watchLoops(): { look(shards: readonly Pick<PooledShard, "shardId" | "beat">[]): LateLoop[] } {
  let lateLooks = new Map<number, number>();
  return {
    look(shards) {
      const told: LateLoop[] = [];
      const stillLate = new Map<number, number>();
      for (const { shardId, beat } of shards) {
        const before = lateLooks.get(shardId) ?? 0;
        // Once told of, it is well when it is clearly better.
        if (!beat || beat.loopDelayMs < FULL_LOOP_DELAY_MS / (before >= LATE_LOOKS ? 2 : 1)) continue;
        stillLate.set(shardId, before + 1);
        const { calls, loopDelayP50Ms, loopDelayMs: loopDelayP99Ms, cpuCores } = beat;
        if (before + 1 === LATE_LOOKS) told.push({ shard: shardId, calls, loopDelayP50Ms, loopDelayP99Ms, cpuCores });
      }
      lateLooks = stillLate;
      return told;
    },
  };
}
