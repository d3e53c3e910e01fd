import { courses, courseTable, FEW, FIGURES, FLAT, figures } from "./figures.ts";
import { plot } from "./plot.ts";
import type { Sample } from "./sample.ts";
import type { ShortCalls } from "./short-calls.ts";
import { machine, type Verdict } from "./verdict.ts";

/** The beginning fills caches and pools. */
const WARM_CALLS = 200;
const PLOTTED = ["pssMiB", "files", "threads", "timers"] as const;

export function shortReport(
  { samples, silent, ended }: ShortCalls,
  run: { command: string; minutes: number; plotFile: string },
): Verdict {
  const list = courses(
    samples.filter(({ calls }) => calls >= WARM_CALLS),
    "calls",
  );
  const text = [
    `${machine()}: ${ended} calls in ${run.minutes.toFixed(0)} minutes, \`${run.command}\`. Nobody answered in ${silent} of them.`,
    "Samples are taken when nobody calls and no shard is being relieved, of the worker with its shards; timers and other handles as the processes count their own.",
    `Flat: the middle slope (Theil-Sen) after ${WARM_CALLS} calls adds less than ${FLAT * 100} % until the end, or of what is counted fewer than ${FEW}.`,
    "",
    ...courseTable(list, "1,000 calls", 1_000),
    "",
    `![PSS, open files, threads and timers against calls](${run.plotFile})`,
    "",
    ...curve(samples),
  ].join("\n");
  const curves = PLOTTED.map((figure) => ({
    name: FIGURES[figure],
    points: samples.map((sample) => ({ x: sample.calls, y: sample[figure] })),
  }));
  return { text, flat: list.every(({ flat }) => flat), plot: plot(curves, "calls", WARM_CALLS) };
}

function curve(samples: readonly Sample[]): string[] {
  return [
    `| calls | ${figures.map((figure) => FIGURES[figure]).join(" | ")} |`,
    `| ---: |${" ---: |".repeat(figures.length)}`,
    ...samples.map(
      (sample) => `| ${sample.calls} | ${figures.map((figure) => sample[figure].toFixed(0)).join(" | ")} |`,
    ),
  ];
}
