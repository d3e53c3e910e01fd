import { Meter } from "@parley/bench/meter";
import type { WorkerPart } from "../parts/worker.ts";
import { openHandles } from "../processes.ts";

/** A worker's whole process tree at one moment. */
export interface Sample {
  /** Calls that have ended by then. */
  calls: number;
  minutes: number;
  pssMiB: number;
  rssMiB: number;
  /** Open file descriptors. */
  files: number;
  threads: number;
  /** Timers that wait inside the processes, as they tell themselves (up to a second ago). */
  timers: number;
  /** What else is open inside of them: sockets, pipes, requests. */
  handles: number;
}

const TIMERS: ReadonlySet<string> = new Set(["Timeout", "Immediate"]);

export async function takeSample(worker: WorkerPart, calls: number, minutes: number): Promise<Sample> {
  const { resources, shards } = await worker.health();
  const inside = [resources, ...shards.map((shard) => shard.resources)].flatMap((kinds) => Object.entries(kinds));
  const { pssMiB, rssMiB } = new Meter(worker.pid).memory();
  const open = [worker.pid, ...worker.shards().map(({ pid }) => pid)].map(openHandles);
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    calls,
    minutes,
    pssMiB,
    rssMiB,
    files: sum(open.map((one) => one?.files ?? 0)),
    threads: sum(open.map((one) => one?.threads ?? 0)),
    timers: sum(inside.map(([kind, count]) => (TIMERS.has(kind) ? count : 0))),
    handles: sum(inside.map(([kind, count]) => (TIMERS.has(kind) ? 0 : count))),
  };
}
