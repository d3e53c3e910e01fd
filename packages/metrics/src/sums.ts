import { type InstrumentName, instrumentOf, instruments, type Measurement } from "./catalogue/index.ts";

/** What was recorded in a histogram: how many fell into each bucket (the last has no upper bound). */
export interface Distribution {
  counts: number[];
  sum: number;
}

/** The values of an instrument's labels, in their order, and what came together for them. */
export type Series = [labels: readonly string[], value: number | Distribution];
/** What was measured, as processes tell each other. */
export type SumsOf = Partial<Record<InstrumentName, Series[]>>;

/** Different labels that one instrument may have; what comes after is counted together as `other`. */
export const MOST_SERIES = 200;
const LONGEST_LABEL = 80;
const OTHER = "other";

/** Adds up what is measured in this process. Nothing here throws. */
export interface Sums {
  add(measurements: Iterable<Measurement>): void;
  /** What another process has added up. */
  merge(sums: SumsOf): void;
  /** All of it, as it stands. */
  read(): SumsOf;
  /** What came since the last time; null: nothing. */
  take(): SumsOf | null;
}

export function openSums(mostSeries = MOST_SERIES): Sums {
  let all = new Map<InstrumentName, Map<string, Series>>();

  function into(name: InstrumentName, labels: readonly string[]): Series {
    const series = all.get(name) ?? new Map<string, Series>();
    all.set(name, series);
    const key = labels.join("\0");
    const known = series.get(key);
    if (known) return known;
    if (series.size >= mostSeries && labels.some((label) => label !== OTHER))
      return into(
        name,
        labels.map(() => OTHER),
      );
    const fresh: Series = [labels, empty(name)];
    series.set(key, fresh);
    return fresh;
  }

  return {
    add(measurements) {
      for (const { name, value, labels } of measurements) {
        if (!Number.isFinite(value)) continue;
        const { kind, labels: names, buckets = [] } = instrumentOf(name);
        const series = into(
          name,
          names.map((label) => shortened((labels as Record<string, string>)[label])),
        );
        const held = series[1];
        if (typeof held !== "number") {
          held.counts[bucketOf(buckets, value)]! += 1;
          held.sum += value;
        } else series[1] = kind === "gauge" ? value : held + value;
      }
    },
    merge(sums) {
      for (const name of Object.keys(sums) as InstrumentName[]) {
        if (!(name in instruments)) continue;
        for (const [labels, value] of sums[name] ?? []) {
          const series = into(name, labels.map(shortened));
          const held = series[1];
          if (typeof held === "number") series[1] = held + (typeof value === "number" ? value : 0);
          else if (typeof value !== "number") {
            for (const [index, count] of value.counts.entries()) held.counts[index]! += count;
            held.sum += value.sum;
          }
        }
      }
    },
    read: () => Object.fromEntries([...all].map(([name, series]) => [name, [...series.values()]])) as SumsOf,
    take() {
      if (all.size === 0) return null;
      const taken = this.read();
      all = new Map();
      return taken;
    },
  };
}

/** Nothing measured yet. */
export function empty(name: InstrumentName): number | Distribution {
  const { kind, buckets = [] } = instrumentOf(name);
  return kind === "histogram" ? { counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 } : 0;
}

/** The first bucket whose upper bound is not below the value. */
function bucketOf(buckets: readonly number[], value: number): number {
  const index = buckets.findIndex((bound) => value <= bound);
  return index === -1 ? buckets.length : index;
}

const shortened = (label: string | undefined): string => (label ?? "").slice(0, LONGEST_LABEL);
