/** One thing that is measured; docs/metrics.md shows them all. */
export interface Instrument {
  kind: "counter" | "up-down-counter" | "gauge" | "histogram";
  /** As UCUM writes it; `1` for what has none, `{…}` for what is counted. */
  unit: string;
  labels: readonly string[];
  /** Upper bounds, of histograms only. */
  buckets?: readonly number[];
  meaning: string;
  by: readonly ("worker" | "server")[];
}

/** What a person waits for in a call, ms: fine where it decides whether a talk flows. */
export const WAITS_MS = [25, 50, 100, 150, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000];
/** What one request of a server takes, ms. */
export const REQUESTS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
export const SOUND_MS = [250, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000, 60_000];
export const CALLS_MS = [5_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];
