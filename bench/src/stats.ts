export interface Stats {
  n: number;
  min: number;
  p50: number;
  p95: number;
  max: number;
}

/** Nearest-rank percentiles; null for an empty list. What is not a finite number does not count. */
export function stats(values: readonly (number | undefined)[]): Stats | null {
  const sorted = values.filter((value): value is number => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const rank = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number;
  return { n: sorted.length, min: rank(0.000001), p50: rank(0.5), p95: rank(0.95), max: rank(1) };
}

/** A figure of several runs: the middle one, or the middle between two; null values are runs that have none. */
export function median(values: readonly (number | null | undefined)[]): number | null {
  const sorted = values.filter((value) => value != null && Number.isFinite(value)).sort((a, b) => a! - b!) as number[];
  if (sorted.length === 0) return null;
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
