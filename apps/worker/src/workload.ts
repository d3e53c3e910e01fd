import { cpus } from "node:os";
import type { Clock } from "@parley/engine";
import { cpuMeter } from "./cpu-meter.ts";
import { shardPressure, workerLoad } from "./load.ts";
import type { PooledShard, ShardPool } from "./shard-pool.ts";
import type { ShardPlace, Slots } from "./slots.ts";

/** Accepted calls are in the smoothed figures after about this long. */
const FRESH_MS = 5_000;

/** How much this worker has to do, and where there is room. */
export interface Workload {
  /** Shards that may be given calls; those started for one call alone, or relieved of duty, are not among them. */
  places(): ShardPlace[];
  /** 0 to 1, as LiveKit is told. */
  load(): number;
  /** Once a second. */
  measure(): void;
}

export interface WorkloadOptions {
  pool: Pick<ShardPool, "shards">;
  slots: Slots;
  clock: Clock;
  /** Default: the machine's. */
  cores?: number | undefined;
  /** CPU that the supervisor itself has used, in ms. */
  ownCpuMs?: (() => number) | undefined;
}

export function watchWorkload({ pool, slots, clock, cores = cpus().length, ownCpuMs }: WorkloadOptions): Workload {
  const meter = cpuMeter(FRESH_MS, clock.now(), ownCpuMs);
  let cpuCores = 0;
  const pressure = ({ beat }: PooledShard): number => (beat ? shardPressure(beat) : 0);
  const places = (): ShardPlace[] =>
    pool.shards
      .filter((shard) => shard.state === "ready" && !shard.alone && !shard.outgoing)
      .map((shard) => ({ shardId: shard.shardId, pressure: pressure(shard) }));
  return {
    places,
    load() {
      const now = clock.now();
      const fresh = slots.all().filter((slot) => now - slot.sinceMs < FRESH_MS).length;
      const pressures = places().map((place) => place.pressure);
      return workerLoad({ cap: slots.cap, taken: slots.taken, fresh, cpuCores, cores, pressures });
    },
    measure() {
      cpuCores = meter.read(clock.now(), pool.shards);
    },
  };
}
