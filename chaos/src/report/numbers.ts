import { stats } from "@parley/bench/stats";

export const whole = (value: number | undefined) => (value === undefined ? "–" : value.toFixed(0));

/** `p50 / p95 / last`; what is null was not measured. */
export function spread(values: readonly (number | null)[]): string {
  const seen = stats(values.map((value) => value ?? undefined));
  return `${whole(seen?.p50)} / ${whole(seen?.p95)} / ${whole(seen?.max)}`;
}
