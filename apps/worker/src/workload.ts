import { availableParallelism } from "node:os";
import type { Clock } from "@parley/engine";
import { cpuMeter } from "./cpu-meter.ts";
import { costOfCalls, LIVEKIT_TARGET_LOAD, lasting, shardPressure, workerLoad } from "./load.ts";
import type { PooledShard, ShardPool } from "./shard-pool.ts";
import type { ShardPlace, Slots } from "./slots.ts";

/** The figures are smoothed over about this long. */
const SMOOTH_MS = 5_000;
/** What is over sooner is no load but a burst: twenty calls that join at once have joined by then. */
const LASTING_MS = 10_000;
/** Until then what was measured may be what its join cost, or nothing. */
const FRESH_MS = LASTING_MS + SMOOTH_MS;

/**
 * Calls of one shard whose agents are not in their rooms yet, a few of which join at a time. The last of so many is there
 * within ten seconds on a busy machine; a caller who would have to wait longer is better off at another worker.
 */
export const JOINS_PER_SHARD = 32;

/** How much this worker has to do, and where there is room. */
export interface Workload {
  /** Shards that may be given calls; those started for one call alone, or relieved of duty, are not among them. */
  places(): ShardPlace[];
  /** 0 to 1, as LiveKit is told. */
  load(): number;
  /** Why no new call is taken now; null: there is room for one. */
  whyFull(): "no-shard" | "full" | "load" | "joins" | null;
  /** Once a second. */
  measure(): void;
}

export interface WorkloadOptions {
  pool: Pick<ShardPool, "shards">;
  slots: Slots;
  clock: Clock;
  /** Default: those that this process may use. */
  cores?: number | undefined;
  /** CPU that the supervisor itself has used, in ms. */
  ownCpuMs?: (() => number) | undefined;
}

export function watchWorkload({
  pool,
  slots,
  clock,
  cores = availableParallelism(),
  ownCpuMs,
}: WorkloadOptions): Workload {
  const meter = cpuMeter(SMOOTH_MS, clock.now(), ownCpuMs);
  const lastingCores = lasting(LASTING_MS);
  const lastingPressures = new Map<number, ReturnType<typeof lasting>>();
  const cost = costOfCalls();
  let cpuCores = 0;
  /** By shard, what of it lasts. */
  let pressures = new Map<number, number>();
  const pressure = ({ beat }: PooledShard): number => (beat ? shardPressure(beat) : 0);
  const places = (): ShardPlace[] =>
    pool.shards
      .filter((shard) => shard.state === "ready" && !shard.alone && !shard.outgoing)
      .map((shard) => ({ shardId: shard.shardId, pressure: pressure(shard) }));
  function isJoining(shardId: number): boolean {
    return slots.onShard(shardId).filter((slot) => !slot.joined).length >= JOINS_PER_SHARD;
  }

  const workload: Workload = {
    places,
    whyFull() {
      const shards = places();
      if (shards.length === 0) return "no-shard";
      if (slots.cap !== null && slots.taken >= slots.cap) return "full";
      if (slots.cap === null && workload.load() >= LIVEKIT_TARGET_LOAD) return "load";
      return shards.every(({ shardId }) => isJoining(shardId)) ? "joins" : null;
    },
    load() {
      const ofPlaces = places().map(({ shardId }) => pressures.get(shardId) ?? 0);
      const { coresPerCall } = cost;
      return workerLoad({ cap: slots.cap, taken: slots.taken, cpuCores, coresPerCall, cores, pressures: ofPlaces });
    },
    measure() {
      const now = clock.now();
      cpuCores = lastingCores(meter.read(now, pool.shards), now);
      if (slots.all().every((slot) => now - slot.sinceMs >= FRESH_MS)) cost.learn(slots.taken, cpuCores);
      pressures = new Map(
        pool.shards.map((shard) => {
          const last = lastingPressures.get(shard.shardId) ?? lasting(LASTING_MS);
          lastingPressures.set(shard.shardId, last);
          return [shard.shardId, last(pressure(shard), now)];
        }),
      );
      for (const shardId of lastingPressures.keys()) if (!pressures.has(shardId)) lastingPressures.delete(shardId);
    },
  };
  return workload;
}
