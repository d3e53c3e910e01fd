import { type InstrumentName, instrumentOf, instruments } from "./catalogue/index.ts";
import { empty, type Series, type SumsOf } from "./sums.ts";

/** Prometheus' text format, version 0.0.4. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * What `by` measures, in the order of the catalogue, as Prometheus reads it. What counts from zero and has no labels is
 * there before anything happened, so that the first time is a rise.
 */
export function prometheusText(sums: SumsOf, by: "worker" | "server"): string {
  const lines: string[] = [];
  for (const name of Object.keys(instruments) as InstrumentName[]) {
    const instrument = instrumentOf(name);
    if (!instrument.by.includes(by)) continue;
    const { kind, unit, meaning, labels } = instrument;
    const fromZero: Series[] = kind === "gauge" || labels.length > 0 ? [] : [[[], empty(name)]];
    const series = sums[name] ?? fromZero;
    lines.push(`# HELP ${name} ${meaning.replace(/\\/g, "\\\\")} [${unit}]`);
    // Prometheus has no counter that may fall.
    lines.push(`# TYPE ${name} ${kind === "up-down-counter" ? "gauge" : kind}`);
    for (const one of series) lines.push(...linesOf(name, one));
  }
  return `${lines.join("\n")}\n`;
}

function linesOf(name: InstrumentName, [values, value]: Series): string[] {
  const { labels, buckets = [] } = instrumentOf(name);
  const pairs = labels.map((label, index) => `${label}="${escaped(values[index] ?? "")}"`);
  const braced = (list: readonly string[]) => (list.length === 0 ? "" : `{${list.join(",")}}`);
  if (typeof value === "number") return [`${name}${braced(pairs)} ${value}`];
  let count = 0;
  const lines = value.counts.map((inBucket, index) => {
    count += inBucket;
    return `${name}_bucket${braced([...pairs, `le="${buckets[index] ?? "+Inf"}"`])} ${count}`;
  });
  return [...lines, `${name}_sum${braced(pairs)} ${value.sum}`, `${name}_count${braced(pairs)} ${count}`];
}

function escaped(label: string): string {
  return label.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
