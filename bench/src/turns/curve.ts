import type { SettingsInput } from "@parley/conversation";
import type { Point } from "./measure.ts";
import type { Writing } from "./recogniser.ts";

export interface Policy {
  /** Its line in the plot. */
  line: "fixed" | "adaptive, not learning" | "adaptive";
  name: string;
  endpointing: NonNullable<SettingsInput["endpointing"]>;
}

export interface Measured extends Policy {
  writing: Writing;
  point: Point;
}

const FIXED_MS = [200, 300, 400, 500, 600, 700, 800, 1_000, 1_200];
/** Least and most silence; 350 to 1500 is the default. */
const RANGES: readonly (readonly [number, number])[] = [
  [200, 800],
  [250, 1_100],
  [350, 1_500],
  [350, 2_000],
  [450, 2_500],
];

export const policies: readonly Policy[] = [
  ...FIXED_MS.map((minMs) => ({
    line: "fixed" as const,
    name: `fixed ${minMs}`,
    endpointing: { policy: "fixed" as const, minMs },
  })),
  ...([false, true] as const).flatMap((learn) =>
    RANGES.map(([minMs, maxMs]) => ({
      line: learn ? ("adaptive" as const) : ("adaptive, not learning" as const),
      name: `adaptive ${minMs}–${maxMs}${learn ? "" : ", not learning"}`,
      endpointing: { policy: "adaptive" as const, minMs, maxMs, learn },
    })),
  ),
];

/**
 * What a fixed silence pays for as few cut-offs, read off the fixed curve by straight lines between its points; null where
 * even its longest cuts off more.
 */
export function fixedAtSame(cutOff: number, fixed: readonly Point[], value: (point: Point) => number): number | null {
  const sorted = [...fixed].sort((a, b) => a.delay.p50 - b.delay.p50);
  for (const [index, point] of sorted.entries()) {
    if (point.cutOff > cutOff) continue;
    const before = sorted[index - 1];
    if (!before || before.cutOff === point.cutOff) return value(point);
    const share = (before.cutOff - cutOff) / (before.cutOff - point.cutOff);
    return value(before) + (value(point) - value(before)) * share;
  }
  return null;
}
