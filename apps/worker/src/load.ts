import type { ShardBeat } from "./messages.ts";

/** LiveKit offers no job to a worker that reports this much or more (its `agents.target_load`). */
export const LIVEKIT_TARGET_LOAD = 0.7;

/** Use of the machine, and lateness of a loop, at which one more call would be heard by those already there. */
const FULL_CPU = 0.9;
export const FULL_LOOP_DELAY_MS = 200;

/**
 * CPU cores that a call is taken to cost until its own use shows in the figures: the floor agent measured 0.038
 * (bench/RESULTS of the floor), and joining costs more for a moment.
 */
const ASSUMED_CORES_PER_CALL = 0.05;
/** Of fewer calls the figures say more about the process than about a call. */
const LEARNED_FROM_CALLS = 4;
const [LEAST_CORES_PER_CALL, MOST_CORES_PER_CALL] = [0.02, 0.2];

/** What a call costs here: learned whenever all that run have been there for a while, else assumed. */
export function costOfCalls(): { readonly coresPerCall: number; learn(calls: number, cpuCores: number): void } {
  let coresPerCall = ASSUMED_CORES_PER_CALL;
  return {
    get coresPerCall() {
      return coresPerCall;
    },
    learn(calls, cpuCores) {
      if (calls >= LEARNED_FROM_CALLS)
        coresPerCall = Math.min(MOST_CORES_PER_CALL, Math.max(LEAST_CORES_PER_CALL, cpuCores / calls));
    },
  };
}

export interface LoadInput {
  /** Null: load decides alone. */
  cap: number | null;
  /** Slots taken, reserved ones included. */
  taken: number;
  /** Cores' worth of CPU that the worker's own processes use lastingly. */
  cpuCores: number;
  /** What a call costs, so that those count which are too new to be in that figure. */
  coresPerCall: number;
  cores: number;
  /** 0 to 1 per ready shard; what lasts. */
  pressures: readonly number[];
}

/** How near a shard is to the point at which its calls would suffer. */
export function shardPressure(beat: Pick<ShardBeat, "loopBusy" | "loopDelayMs">): number {
  return Math.min(1, Math.max(beat.loopBusy, beat.loopDelayMs / FULL_LOOP_DELAY_MS));
}

/**
 * The load that LiveKit is told, 0 to 1. With a cap the cap alone decides, and the worker stays below LiveKit's
 * target until the last slot is taken (a job that nobody is offered is dropped, never retried). Without one: CPU of
 * the worker's own processes and the least pressed shard, since that one would get the call.
 */
export function workerLoad(input: LoadInput): number {
  if (input.pressures.length === 0) return 1;
  if (input.cap !== null) {
    return input.taken >= input.cap ? 1 : (input.taken / input.cap) * (LIVEKIT_TARGET_LOAD - 0.05);
  }
  const cpu = Math.max(input.cpuCores, input.taken * input.coresPerCall) / input.cores;
  const use = Math.max(cpu / FULL_CPU, Math.min(...input.pressures));
  return Math.min(1, use * LIVEKIT_TARGET_LOAD);
}

/**
 * The least that a figure was within the last `windowMs`: what is over sooner, as a burst of joins is, does not count.
 * Of less than a whole window nothing is known to last: 0.
 */
export function lasting(windowMs: number): (value: number, atMs: number) => number {
  let seen: { value: number; atMs: number }[] = [];
  return (value, atMs) => {
    const lastBefore = seen.findLastIndex((one) => one.atMs <= atMs - windowMs);
    // The one at the window's edge still stands for its beginning.
    seen = [...seen.slice(Math.max(0, lastBefore)), { value, atMs }];
    return lastBefore < 0 ? 0 : Math.min(...seen.map((one) => one.value));
  };
}

/** Smooths a figure over about `windowMs`, so that one join does not look like a full machine. */
export function smoothed(windowMs: number): (value: number, elapsedMs: number) => number {
  let last: number | undefined;
  return (value, elapsedMs) => {
    const weight = last === undefined ? 1 : 1 - Math.exp(-elapsedMs / windowMs);
    last = last === undefined ? value : last + (value - last) * weight;
    return last;
  };
}
