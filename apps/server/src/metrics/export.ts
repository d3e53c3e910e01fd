import type { Otlp } from "@parley/metrics/otlp";
import type { ServerLog } from "../log.ts";
import type { ServerMetrics } from "./server-metrics.ts";

/** Sends what is measured to a collector, where one is named; null: none is, and nothing was loaded for it. */
export async function exportMetrics(
  endpoint: string | null,
  metrics: ServerMetrics,
  log: ServerLog,
): Promise<Otlp | null> {
  if (endpoint === null) return null;
  const { openOtlp } = await import("@parley/metrics/otlp");
  return openOtlp({ endpoint, service: "parley-server", read: metrics.read, log });
}
