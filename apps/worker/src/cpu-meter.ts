import { smoothed } from "./load.ts";
import type { PooledShard } from "./shard-pool.ts";

/** Cores' worth of CPU that the worker's own processes use, smoothed. */
export interface CpuMeter {
  read(nowMs: number, shards: readonly PooledShard[]): number;
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** `windowMs`: over how long it is smoothed. `ownCpuMs`: what this process itself has used. */
export function cpuMeter(windowMs: number, nowMs: number, ownCpuMs: () => number = ownCpu): CpuMeter {
  const smooth = smoothed(windowMs);
  const readings = new Map<number, number>();
  let last = { atMs: nowMs, ownMs: ownCpuMs() };
  return {
    read(atMs, shards) {
      const ownMs = ownCpuMs();
      let usedMs = ownMs - last.ownMs;
      for (const { shardId, beat } of shards) {
        if (!beat) continue;
        usedMs += beat.cpuMs - (readings.get(shardId) ?? beat.cpuMs);
        readings.set(shardId, beat.cpuMs);
      }
      for (const shardId of readings.keys()) {
        if (!shards.some((shard) => shard.shardId === shardId)) readings.delete(shardId);
      }
      const elapsedMs = Math.max(1, atMs - last.atMs);
      last = { atMs, ownMs };
      return smooth(usedMs / elapsedMs, elapsedMs);
    },
  };
}
