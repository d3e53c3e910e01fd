import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  type Measurement,
  measured,
  openSums,
  prometheusText,
  type SumsOf,
  successRate,
  toldSums,
} from "@parley/metrics";

/** Failures of these are counted as `integration_errors`. */
export type Integration = "livekit" | "webhooks" | "store" | "redis" | "hooks";

/** What this server has measured. Every function may be called from anywhere, at no cost worth speaking of. */
export interface ServerMetrics {
  /** One of LiveKit's webhooks was taken; `refused`: it was not of this LiveKit. */
  webhook(event: string): void;
  roomCreated(): void;
  /** A piece came from a worker. */
  recordingReceived(bytes: number): void;
  recordingMade(outcome: "ready" | "failed" | "waits", bytes: number): void;
  integrationFailed(integration: Integration): void;
  answered(request: { method: string; route: string; status: number; ms: number }): void;
  /** A request failed through no fault of its sender's: `type` is the problem's code. */
  requestFailed(type: string, recoverable: boolean): void;
  batch(batch: { facts: number; stored: number; ms: number; outcome: "stored" | "refused" | "failed" }): void;
  callEnded(isSuccess: boolean): void;
  /** What a worker has measured since it last told. */
  workerMeasured(sums: Readonly<Record<string, unknown>>): void;
  /** Figures that are looked at when somebody asks. */
  watch(look: () => Measurement[]): void;
  /** Without what workers have measured: they tell a collector themselves. */
  read(): SumsOf;
  /** With it, as Prometheus reads it. */
  text(): string;
  /** Idempotent. */
  close(): void;
}

const LOOK_MS = 5_000;

export function serverMetrics(): ServerMetrics {
  const sums = openSums(500);
  const ofWorkers = openSums(500);
  const success = successRate();
  const looks: (() => Measurement[])[] = [];
  const own = watchProcess();
  const count = (...measurements: Measurement[]): void => sums.add(measurements);

  function read(): SumsOf {
    const now = openSums();
    for (const look of looks) now.add(look());
    now.add(own.read());
    if (success.rate !== null) now.add([measured("call_success_rate", success.rate, {})]);
    return { ...sums.read(), ...now.read() };
  }

  return {
    webhook: (event) => count(measured("webhook_events", 1, { event })),
    roomCreated: () => count(measured("room_creations", 1, {})),
    recordingReceived: (bytes) => count(measured("recording_bytes", bytes, { direction: "received" })),
    recordingMade(outcome, bytes) {
      count(measured("recordings", 1, { outcome }));
      if (bytes > 0) count(measured("recording_bytes", bytes, { direction: "stored" }));
    },
    integrationFailed: (integration) => count(measured("integration_errors", 1, { integration })),
    answered: ({ method, route, status, ms }) =>
      count(measured("http_request_duration", ms, { method, route, status: String(status) })),
    requestFailed: (type, recoverable) =>
      count(measured("errors", 1, { type, source: "api", recoverable: String(recoverable) })),
    batch({ facts, stored, ms, outcome }) {
      count(measured("fact_batch_size", facts, {}), measured("store_write_latency", ms, { outcome }));
      if (stored > 0) count(measured("facts_ingested", stored, {}));
    },
    callEnded: (isSuccess) => success.ended(isSuccess),
    workerMeasured: (told) => ofWorkers.merge(toldSums(told)),
    watch: (look) => void looks.push(look),
    read,
    text() {
      const all = openSums(1_000);
      for (const part of [sums.read(), ofWorkers.read()]) all.merge(part);
      return prometheusText({ ...read(), ...all.read() }, "server");
    },
    close: own.close,
  };
}

/** How this process fares, over the last whole five seconds. */
function watchProcess(): { read(): Measurement[]; close(): void } {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let cpu = process.cpuUsage();
  let atMs = performance.now();
  let figures: Measurement[] = [];
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu);
    const elapsedMs = Math.max(1, performance.now() - atMs);
    const late = (percentile: number) => Math.max(0, delay.percentile(percentile) / 1e6 - 20);
    figures = [
      measured("event_loop_delay", late(50), { process: "server", quantile: "0.5" }),
      measured("event_loop_delay", late(99), { process: "server", quantile: "0.99" }),
      measured("process_cpu", (used.user + used.system) / 1_000 / elapsedMs, { process: "server" }),
    ];
    cpu = process.cpuUsage();
    atMs = performance.now();
    delay.reset();
  }, LOOK_MS);
  timer.unref();
  return {
    read: () => [...figures, measured("process_memory", process.memoryUsage.rss(), { process: "server" })],
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
}
