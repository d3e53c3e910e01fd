/** One sample: after so many calls, such a figure. */
export interface Point {
  x: number;
  y: number;
}

export interface Trend {
  /** Of `y` per 1,000 of `x` (Theil-Sen: the middle of the slopes between all pairs, deaf to single spikes). */
  per1000: number;
  /** Over the whole of what was measured, as a part of the middle value. */
  growth: number;
}

/** Null for fewer than three points. */
export function trend(points: readonly Point[]): Trend | null {
  if (points.length < 3) return null;
  const slopes = points.flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x)));
  const slope = middle(slopes);
  const first = points[0]?.x ?? 0;
  const last = points.at(-1)?.x ?? 0;
  const usual = middle(points.map(({ y }) => y));
  return { per1000: slope * 1000, growth: usual === 0 ? 0 : (slope * (last - first)) / usual };
}

export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
