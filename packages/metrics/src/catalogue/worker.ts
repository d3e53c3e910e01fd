import type { Instrument } from "./instrument.ts";

const by = ["worker"] as const;
const gauge = (unit: string, meaning: string) => ({ kind: "gauge", unit, labels: [], meaning, by }) as const;

/** Of the worker itself, looked at when asked. */
export const workerInstruments = {
  session_duration: {
    kind: "gauge",
    unit: "ms",
    labels: ["of"],
    meaning: "How long the calls that run now have run in their processes; `of` is mean or longest",
    by: ["worker", "server"],
  },
  worker_ready: gauge("1", "1: it takes calls"),
  worker_draining: gauge("1", "1: it takes no new calls, running ones may finish"),
  worker_registered: gauge("1", "1: LiveKit knows it"),
  worker_load: gauge("1", "What LiveKit is told, 0 to 1; from 0.7 on it offers no more jobs"),
  slots_taken: gauge("{slot}", "Places for calls that are taken, promised ones included"),
  slots_cap: gauge("{slot}", "The most there may be; missing where load decides"),
  calls_running: gauge("{call}", "Calls that were given to a shard"),
  joins_waiting: gauge("{call}", "Of the slots taken, those whose agents are not in their rooms yet"),
  shards: {
    kind: "gauge",
    unit: "{process}",
    labels: ["state"],
    meaning: "Processes that run calls; `state` is starting or ready",
    by,
  },
  event_loop_busy: {
    kind: "gauge",
    unit: "1",
    labels: ["process"],
    meaning: "Part of the time in which a shard's event loop was busy",
    by,
  },
  shard_calls: { kind: "gauge", unit: "{call}", labels: ["process"], meaning: "Calls of a shard", by },
} as const satisfies Record<string, Instrument>;
