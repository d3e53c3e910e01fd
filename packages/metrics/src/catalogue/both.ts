import type { Instrument } from "./instrument.ts";

const by = ["worker", "server"] as const;

export const commonInstruments = {
  errors: {
    kind: "counter",
    unit: "{error}",
    labels: ["type", "source", "recoverable"],
    meaning:
      "`type` is the error's code. Worker: `source` is the stage of a call (stt, llm, tts, realtime, playback, tool, track, hook, …), `recoverable` whether trying again may help. Server: answers of 500 and above, `source` is api",
    by,
  },
  integration_errors: {
    kind: "counter",
    unit: "{error}",
    labels: ["integration"],
    meaning:
      "Failures of what others run: stt, llm, tts, realtime, tool (worker); livekit, webhooks, store, redis, hooks (server)",
    by,
  },
  call_success_rate: {
    kind: "gauge",
    unit: "1",
    labels: [],
    meaning: "Share of success among the last 100 calls that ended here; missing before the first",
    by,
  },
  event_loop_delay: {
    kind: "gauge",
    unit: "ms",
    labels: ["process", "quantile"],
    meaning: "How late the event loop was, over about five seconds; `process` is server, or shard-<number>",
    by,
  },
  process_memory: {
    kind: "gauge",
    unit: "By",
    labels: ["process"],
    meaning: "Resident memory; `process` is server, supervisor, or shard-<number>",
    by,
  },
  process_cpu: {
    kind: "gauge",
    unit: "{core}",
    labels: ["process"],
    meaning: "Cores' worth of CPU, over about five seconds",
    by,
  },
} as const satisfies Record<string, Instrument>;
