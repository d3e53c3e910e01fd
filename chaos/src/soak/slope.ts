/** One sample: after so many calls, such a figure. */
export interface Point {
  x: number;
  y: number;
}

export interface Trend {
  /** Of `y` for one of `x` (Theil-Sen: the middle of the slopes between all pairs, deaf to single spikes). */
  slope: number;
  /** Over the whole of what was measured. */
  added: number;
  /** The same, as a part of the middle value. */
  growth: number;
}

/** Null for fewer than three points. */
export function trend(points: readonly Point[]): Trend | null {
  if (points.length < 3) return null;
  const slopes = points.flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x)));
  const slope = middle(slopes);
  const added = slope * ((points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0));
  const usual = middle(points.map(({ y }) => y));
  return { slope, added, growth: usual === 0 ? 0 : added / usual };
}

export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
