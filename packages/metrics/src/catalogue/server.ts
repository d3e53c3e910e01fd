import { type Instrument, REQUESTS_MS } from "./instrument.ts";

const by = ["server"] as const;

export const serverInstruments = {
  http_request_duration: {
    kind: "histogram",
    unit: "ms",
    labels: ["method", "route", "status"],
    buckets: REQUESTS_MS,
    meaning: "Answers, by the route's pattern; `none`: there is no such route",
    by,
  },
  http_routes: { kind: "gauge", unit: "{route}", labels: [], meaning: "Routes that are served", by },
  uplink_lines: { kind: "gauge", unit: "{line}", labels: [], meaning: "Workers that are connected", by },
  facts_ingested: { kind: "counter", unit: "{fact}", labels: [], meaning: "Facts of calls stored, each once", by },
  fact_batch_size: {
    kind: "histogram",
    unit: "{fact}",
    labels: [],
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000],
    meaning: "Facts in one batch of a worker's",
    by,
  },
  store_write_latency: {
    kind: "histogram",
    unit: "ms",
    labels: ["outcome"],
    buckets: REQUESTS_MS,
    meaning: "Storing one batch; `outcome` is stored, refused (a gap, or another owner) or failed",
    by,
  },
  leases: {
    kind: "gauge",
    unit: "{call}",
    labels: [],
    meaning: "Calls that connected workers say they run",
    by,
  },
  webhook_events: {
    kind: "counter",
    unit: "{event}",
    labels: ["event"],
    meaning: "LiveKit's webhooks, each once; `refused` were not of this LiveKit",
    by,
  },
  recordings: {
    kind: "counter",
    unit: "{recording}",
    labels: ["outcome"],
    meaning:
      "Recordings made of what workers sent: `ready`, `failed` (for good), or `waits` (the storage did not take it yet)",
    by,
  },
  recording_bytes: {
    kind: "counter",
    unit: "By",
    labels: ["direction"],
    meaning: "Of recordings: `received` from workers, `stored` where they lie",
    by,
  },
  room_creations: {
    kind: "counter",
    unit: "{room}",
    labels: [],
    meaning: "Rooms made by POST /livekit/create-room",
    by,
  },
} as const satisfies Record<string, Instrument>;
