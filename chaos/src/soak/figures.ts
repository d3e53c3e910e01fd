import type { Sample } from "./sample.ts";
import { type Trend, trend } from "./slope.ts";

/** What is measured of a worker, in the order in which it is shown. */
export const FIGURES = {
  pssMiB: "PSS, MiB",
  rssMiB: "RSS, MiB",
  files: "open files",
  threads: "threads",
  timers: "timers",
  handles: "handles",
} as const satisfies Partial<Record<keyof Sample, string>>;
export type Figure = keyof typeof FIGURES;
export const figures = Object.keys(FIGURES) as Figure[];

/** A figure that grows by less than this part of itself over the whole of what is judged is flat. */
export const FLAT = 0.1;
/** Or, where a handful more is more than that part, by fewer than these. */
export const FEW = 10;
const COUNTED: ReadonlySet<Figure> = new Set(["files", "threads", "timers", "handles"]);

export interface Course {
  figure: Figure;
  /** Null: too few samples. */
  seen: Trend | null;
  flat: boolean;
}

/** How each figure went on, against calls or minutes. */
export function courses(samples: readonly Sample[], against: "calls" | "minutes"): Course[] {
  return figures.map((figure) => {
    const seen = trend(samples.map((sample) => ({ x: sample[against], y: sample[figure] })));
    const flat = seen !== null && (seen.growth < FLAT || (COUNTED.has(figure) && seen.added < FEW));
    return { figure, seen, flat };
  });
}

export const percent = (part: number) => `${part >= 0 ? "+" : ""}${(part * 100).toFixed(1)} %`;

/** A table of the courses; `unit`: what a slope is per. */
export function courseTable(list: readonly Course[], unit: string, scale: number): string[] {
  return [
    `| figure | per ${unit} | until the end | |`,
    "| --- | ---: | ---: | --- |",
    ...list.map(({ figure, seen, flat }) => {
      if (seen === null) return `| ${FIGURES[figure]} | – | – | too few samples |`;
      const slope = (seen.slope * scale).toFixed(1);
      return `| ${FIGURES[figure]} | ${slope} | ${percent(seen.growth)} | ${flat ? "flat" : "**grows**"} |`;
    }),
  ];
}
