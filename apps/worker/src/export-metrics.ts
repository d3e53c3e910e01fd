import type { Span, SumsOf } from "@parley/metrics";
import type { Otlp } from "@parley/metrics/otlp";
import type { Log } from "./log.ts";

/** What is measured, and traces, on their way to a collector. */
export interface ExportedMetrics {
  spans(spans: readonly Span[]): void;
  /** Sends what is left, within 3 s. Never rejects. Idempotent. */
  close(): Promise<void>;
}

/** Begins at once, and is loaded only now: who wants no export pays nothing for it. */
export function exportMetrics(endpoint: string | null, read: () => SumsOf, log: Log): ExportedMetrics {
  let otlp: Otlp | null = null;
  const opening = open();

  async function open(): Promise<void> {
    if (endpoint === null) return;
    try {
      const { openOtlp } = await import("@parley/metrics/otlp");
      otlp = openOtlp({ endpoint, service: "parley-worker", read, log });
    } catch (error) {
      log.error({ err: error }, "what is measured cannot be sent to a collector");
    }
  }

  return {
    spans: (spans) => otlp?.spans(spans),
    async close() {
      await opening;
      await otlp?.close();
    },
  };
}
