import { openCollector } from "@parley/testkit/otlp";
import { expect, onTestFinished, test, vi } from "vitest";
import { measured } from "../call/measurement.ts";
import { openSums } from "../sums.ts";
import type { Span } from "../trace/span.ts";
import { openOtlp } from "./index.ts";

const span = (n: number): Span => ({
  traceId: "a".repeat(32),
  spanId: String(n).padStart(16, "0"),
  parentId: "b".repeat(16),
  name: "turn",
  startMs: 1_700_000_000_123,
  endMs: 1_700_000_001_123,
  attributes: { "call.id": "c" },
  error: n === 1 ? "llm" : null,
});

async function exporting(endpoint?: string) {
  const collector = endpoint === undefined ? await openCollector() : null;
  const told: string[] = [];
  const sums = openSums();
  const otlp = openOtlp({
    endpoint: endpoint ?? collector!.url,
    service: "test",
    read: () => sums.read(),
    log: { warn: (_fields, message) => void told.push(message), info: (message) => void told.push(message) },
    everyMs: 50,
  });
  onTestFinished(async () => {
    await otlp.close();
    await collector?.close();
  });
  return { collector: collector!, otlp, sums, told };
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

test("what is measured arrives with its kind, buckets and labels, and spans with their trace", async () => {
  const { collector, otlp, sums, told } = await exporting();
  sums.add([
    measured("stt_latency", 120, { model: "v/m" }),
    measured("errors", 2, { type: "t", source: "llm", recoverable: "true" }),
    measured("llm_tokens", 7, { model: "v/m", direction: "input" }),
    measured("worker_load", 0.4, {}),
  ]);
  otlp.spans([span(1), span(2)]);
  await soon(() => expect([collector.metrics.length >= 4, collector.spans.length]).toEqual([true, 2]));
  const sent = (name: string) => collector.metrics.findLast((metric) => metric.name === name)!;
  expect(sent("stt_latency")).toMatchObject({
    unit: "ms",
    histogram: { aggregationTemporality: 2, dataPoints: [{ count: 1, sum: 120 }] },
  });
  expect(sent("errors")).toMatchObject({ sum: { isMonotonic: true, dataPoints: [{ asDouble: 2 }] } });
  expect(sent("llm_tokens")).toMatchObject({ sum: { dataPoints: [{ asDouble: 7 }] } });
  expect(sent("llm_tokens").sum.isMonotonic).toBeFalsy();
  expect(sent("worker_load")).toMatchObject({ gauge: { dataPoints: [{ asDouble: 0.4 }] } });
  expect(collector.spans[0]).toMatchObject({
    traceId: "a".repeat(32),
    spanId: "0000000000000001",
    parentSpanId: "b".repeat(16),
    startTimeUnixNano: "1700000000123000000",
    endTimeUnixNano: "1700000001123000000",
    status: { code: 2 },
  });
  expect(told).toEqual([]);
});

test.each(["fails", "hangs"] as const)(
  "a collector that %s is told of once, loses what it was sent, and closes nothing up",
  async (manner) => {
    const { collector, otlp, sums, told } = await exporting();
    collector.manner = manner;
    sums.add([measured("audio_tracks", 1, {})]);
    for (let n = 0; n < 10_000; n++) otlp.spans([span(n)]);
    await soon(() => expect(told.some((line) => line.includes("does not take our metrics"))).toBe(true));
    expect(new Set(told).size).toBe(told.length);
    collector.manner = "takes";
    await soon(() => expect(collector.metrics.length).toBeGreaterThan(0));
    await soon(() => expect(told.some((line) => line.includes("takes our metrics again"))).toBe(true));
    await otlp.close();
    // The queue holds 2,048, and one batch may have been on its way.
    expect(collector.spans.length).toBeLessThan(3_000);
  },
);

test("one that is not there: a warning, and the end waits for nobody", async () => {
  const { otlp, sums, told } = await exporting("http://127.0.0.1:9");
  sums.add([measured("audio_tracks", 1, {})]);
  otlp.spans([span(1)]);
  await soon(() => expect(told.length).toBeGreaterThan(0));
  await otlp.close();
  otlp.spans([span(2)]);
});
