import {
  type Measurement,
  measured,
  openSums,
  prometheusText,
  type SumsOf,
  successRate,
} from "@parley/metrics/figures";
import type { WorkerHealth } from "./health.ts";

/** What this worker and its calls have measured. */
export interface WorkerMetrics {
  /** What a shard tells. */
  merge(sums: SumsOf): void;
  /** With how the worker fares at this moment. */
  read(): SumsOf;
  /** What came since it was last told; kept for the next time when `tell` returns false. */
  tellNews(tell: (sums: SumsOf) => boolean): void;
  /** The same, as Prometheus reads it. */
  text(): string;
}

export function workerMetrics(look: () => WorkerHealth): WorkerMetrics {
  const ofCalls = openSums();
  const untold = openSums();
  const success = successRate();

  function read(): SumsOf {
    const now = openSums();
    now.add(gauges(look()));
    if (success.rate !== null) now.add([measured("call_success_rate", success.rate, {})]);
    return { ...ofCalls.read(), ...now.read() };
  }

  return {
    merge(sums) {
      ofCalls.merge(sums);
      untold.merge(sums);
      for (const [[, outcome], calls] of sums.calls_ended ?? [])
        for (let left = Number(calls); left > 0; left--) success.ended(outcome === "success");
    },
    read,
    tellNews(tell) {
      const news = untold.take() ?? {};
      if (!tell(news)) untold.merge(news);
    },
    text: () => prometheusText(read(), "worker"),
  };
}

function gauges(health: WorkerHealth): Measurement[] {
  const { ready, draining, registered, load, slots, calls, joining, running, shards } = health;
  const inState = (wanted: string) => shards.filter(({ state }) => state === wanted).length;
  return [
    measured("worker_ready", Number(ready), {}),
    measured("worker_draining", Number(draining), {}),
    measured("worker_registered", Number(registered), {}),
    measured("worker_load", load, {}),
    measured("slots_taken", slots.taken, {}),
    ...(slots.cap === null ? [] : [measured("slots_cap", slots.cap, {})]),
    measured("calls_running", calls, {}),
    measured("joins_waiting", joining, {}),
    measured("session_duration", running?.meanMs ?? 0, { of: "mean" }),
    measured("session_duration", running?.longestMs ?? 0, { of: "longest" }),
    measured("shards", inState("starting"), { state: "starting" }),
    measured("shards", inState("ready"), { state: "ready" }),
    measured("process_memory", process.memoryUsage.rss(), { process: "supervisor" }),
    ...shards.flatMap((shard) => ofShard(shard)),
  ];
}

function ofShard(shard: WorkerHealth["shards"][number]): Measurement[] {
  const process = `shard-${shard.shardId}`;
  return [
    measured("event_loop_delay", shard.loopDelayP50Ms, { process, quantile: "0.5" }),
    measured("event_loop_delay", shard.loopDelayP99Ms, { process, quantile: "0.99" }),
    measured("event_loop_busy", shard.loopBusy, { process }),
    measured("process_memory", shard.rssBytes, { process }),
    measured("process_cpu", shard.cpuCores, { process }),
    measured("shard_calls", shard.calls, { process }),
  ];
}
