import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import type { SumsOf } from "../sums.ts";
import type { Span } from "../trace/span.ts";
import { metricData } from "./metric-data.ts";
import { readableSpan } from "./readable-span.ts";
import { telling } from "./telling.ts";

export interface OtlpOptions {
  /** Of the collector, without `/v1/…`; OTEL_EXPORTER_OTLP_HEADERS are sent along. */
  endpoint: string;
  /** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over it. */
  service: string;
  read(): SumsOf;
  log: { warn(fields: object, message: string): void; info(message: string): void };
  everyMs?: number;
}

export interface Otlp {
  /** To be sent with the next batch; when the collector is away and the queue full, they are dropped. */
  spans(spans: readonly Span[]): void;
  /** Sends what is left, within 3 s. Never rejects. Idempotent. */
  close(): Promise<void>;
}

const EVERY_MS = 15_000;
const SPANS_EVERY_MS = 5_000;
const ANSWER_MS = 5_000;
const MOST_SPANS = 2_048;
const CLOSE_MS = 3_000;

/** Sends what is measured, and traces, to an OpenTelemetry collector by HTTP. A collector that is away harms nobody. */
export function openOtlp({ endpoint, service, read, log, everyMs = EVERY_MS }: OtlpOptions): Otlp {
  const startMs = Date.now();
  const resource = resourceFromAttributes({ "service.name": service }).merge(
    detectResources({ detectors: [envDetector] }),
  );
  const at = (path: string) => ({ url: `${endpoint.replace(/\/+$/, "")}/v1/${path}`, timeoutMillis: ANSWER_MS });
  const batches = new BatchSpanProcessor({
    exporter: telling(new OTLPTraceExporter(at("traces")), "traces", log),
    maxQueueSize: MOST_SPANS,
    scheduledDelayMillis: Math.min(SPANS_EVERY_MS, everyMs),
    exportTimeoutMillis: ANSWER_MS,
  });
  const collect = async () => ({
    resourceMetrics: {
      resource,
      scopeMetrics: [{ scope: { name: "parley" }, metrics: metricData(read(), startMs, Date.now()) }],
    },
    errors: [],
  });
  const meters = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: telling(new OTLPMetricExporter(at("metrics")), "metrics", log),
        exportIntervalMillis: everyMs,
        exportTimeoutMillis: Math.min(ANSWER_MS, everyMs),
        metricProducers: [{ collect }],
      }),
    ],
  });
  let closing: Promise<void> | undefined;
  return {
    spans(spans) {
      for (const span of spans) batches.onEnd(readableSpan(span, resource));
    },
    close() {
      closing ??= within(Promise.allSettled([batches.shutdown(), meters.shutdown()]), CLOSE_MS);
      return closing;
    },
  };
}

async function within(task: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([task, promise]);
  clearTimeout(timer);
}
