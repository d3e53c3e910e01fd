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
  handles: number;
  threads: number;
}

export function takeSample(worker: WorkerPart, calls: number, minutes: number): Sample {
  const { pssMiB, rssMiB } = new Meter(worker.pid).memory();
  const open = [worker.pid, ...worker.shards().map(({ pid }) => pid)].map(openHandles);
  return {
    calls,
    minutes,
    pssMiB,
    rssMiB,
    handles: open.reduce((sum, one) => sum + (one?.files ?? 0), 0),
    threads: open.reduce((sum, one) => sum + (one?.threads ?? 0), 0),
  };
}
