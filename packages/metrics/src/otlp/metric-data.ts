import { ValueType } from "@opentelemetry/api";
import { AggregationTemporality, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import { type InstrumentName, instrumentOf } from "../catalogue/index.ts";
import type { Distribution, SumsOf } from "../sums.ts";

type HrTime = [seconds: number, nanoseconds: number];

export const hrTime = (ms: number): HrTime => [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)];

/** Sums since `startMs` (wall clock), as OpenTelemetry's exporters take them. */
export function metricData(sums: SumsOf, startMs: number, nowMs: number): MetricData[] {
  const times = { startTime: hrTime(startMs), endTime: hrTime(nowMs) };
  return (Object.keys(sums) as InstrumentName[]).map((name): MetricData => {
    const { kind, unit, meaning, labels, buckets = [] } = instrumentOf(name);
    const common = {
      descriptor: { name, description: meaning, unit, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    };
    const points = (sums[name] ?? []).map(([values, value]) => ({
      ...times,
      attributes: Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ""])),
      value,
    }));
    if (kind === "histogram") {
      const dataPoints = points.map((point) => ({ ...point, value: histogram(buckets, point.value as Distribution) }));
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    const dataPoints = points.map((point) => ({ ...point, value: Number(point.value) }));
    return kind === "gauge"
      ? { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
      : { ...common, dataPointType: DataPointType.SUM, isMonotonic: kind === "counter", dataPoints };
  });
}

function histogram(boundaries: readonly number[], { counts, sum }: Distribution) {
  const count = counts.reduce((total, one) => total + one, 0);
  return { buckets: { boundaries: [...boundaries], counts: [...counts] }, sum, count };
}
