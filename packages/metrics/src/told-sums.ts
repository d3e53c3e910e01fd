import { type InstrumentName, instrumentOf, instruments } from "./catalogue/index.ts";
import { type Distribution, MOST_SERIES, type Series, type SumsOf } from "./sums.ts";

/**
 * What another program says that it has measured: of it, what this one knows and can add up. Gauges are none of it: what
 * is so at this moment in several places is no sum.
 */
export function toldSums(told: Readonly<Record<string, unknown>>): SumsOf {
  const known: SumsOf = {};
  for (const [name, list] of Object.entries(told)) {
    if (!isKnown(name) || instrumentOf(name).kind === "gauge" || !Array.isArray(list)) continue;
    const series = list.slice(0, MOST_SERIES).filter((one): one is Series => isSeries(name, one));
    if (series.length > 0) known[name] = series;
  }
  return known;
}

const isKnown = (name: string): name is InstrumentName => Object.hasOwn(instruments, name);
const isAmount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

function isSeries(name: InstrumentName, one: unknown): boolean {
  if (!Array.isArray(one) || one.length !== 2) return false;
  const { kind, labels: names, buckets = [] } = instrumentOf(name);
  const [labels, value] = one as [unknown, unknown];
  if (!Array.isArray(labels) || labels.length !== names.length) return false;
  if (!labels.every((label) => typeof label === "string")) return false;
  if (kind !== "histogram") return isAmount(value);
  const { counts, sum } = (value ?? {}) as Partial<Distribution>;
  return Array.isArray(counts) && counts.length === buckets.length + 1 && counts.every(isAmount) && isAmount(sum);
}
