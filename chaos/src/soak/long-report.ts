import { stats } from "@parley/bench/stats";
import { courses, courseTable, FEW, FIGURES, FLAT, figures, percent } from "./figures.ts";
import type { LongCalls } from "./long-calls.ts";
import { plot } from "./plot.ts";
import { type Trend, trend } from "./slope.ts";
import { machine, type Verdict } from "./verdict.ts";

/** Latency may grow by this much over the whole time. */
const DRIFT = 0.1;
/** While people still join. */
const JOINING_MINUTES = 1;

interface Minute {
  minute: number;
  questions: number;
  p50: number | null;
  p95: number | null;
}

export function longReport(
  { turns, unanswered, samples }: LongCalls,
  run: { command: string; calls: number; minutes: number; plotFile: string },
): Verdict {
  const minutes = Array.from({ length: Math.ceil(run.minutes) }, (_, index): Minute => {
    const within = turns.filter((turn) => turn.minutes >= index && turn.minutes < index + 1);
    const seen = stats(within.map(({ latencyMs }) => latencyMs));
    return { minute: index + 1, questions: within.length, p50: seen?.p50 ?? null, p95: seen?.p95 ?? null };
  });
  const settled = minutes.filter(({ minute }) => minute > JOINING_MINUTES);
  const [p50, p95] = [drift(settled, "p50"), drift(settled, "p95")];
  const list = courses(
    samples.filter((sample) => sample.minutes > JOINING_MINUTES),
    "minutes",
  );
  const text = [
    `${machine()}: ${run.calls} calls for ${run.minutes} minutes, \`${run.command}\`: ${turns.length} questions answered, ${unanswered} not.`,
    "From the end of a question to the first sound of its answer, at the caller's ear. The middle slope (Theil-Sen) of the minutes",
    `after the first: p50 ${told(p50)}; p95 ${told(p95)}. No drift: less than ${DRIFT * 100} % of p50 until the end.`,
    "",
    ...courseTable(list, "minute", 1),
    "",
    `Flat: less than ${FLAT * 100} % more until the end, or of what is counted fewer than ${FEW}.`,
    "",
    `![latency at the caller's ear, PSS and timers against minutes](${run.plotFile})`,
    "",
    `| minute | questions | p50, ms | p95, ms | ${figures.map((figure) => FIGURES[figure]).join(" | ")} |`,
    `| ---: | ---: | ---: | ---: |${" ---: |".repeat(figures.length)}`,
    ...minutes.map(({ minute, questions, p50, p95 }, index) => {
      const sample = samples[index];
      const cells = figures.map((figure) => sample?.[figure].toFixed(0) ?? "–");
      return `| ${minute} | ${questions} | ${p50?.toFixed(0) ?? "–"} | ${p95?.toFixed(0) ?? "–"} | ${cells.join(" | ")} |`;
    }),
  ].join("\n");
  const latency = (which: "p50" | "p95") => ({
    name: `latency ${which}, ms`,
    points: minutes.flatMap((one) => (one[which] === null ? [] : [{ x: one.minute, y: one[which] }])),
  });
  const ofWorker = (["pssMiB", "timers"] as const).map((figure) => ({
    name: FIGURES[figure],
    points: samples.map((sample) => ({ x: sample.minutes, y: sample[figure] })),
  }));
  return {
    text,
    flat: p50 !== null && p50.growth < DRIFT,
    plot: plot([latency("p50"), latency("p95"), ...ofWorker], "minutes", JOINING_MINUTES),
  };
}

function drift(minutes: readonly Minute[], which: "p50" | "p95"): Trend | null {
  return trend(minutes.flatMap((one) => (one[which] === null ? [] : [{ x: one.minute, y: one[which] }])));
}

function told(seen: Trend | null): string {
  if (seen === null) return "too few minutes";
  return `${seen.slope.toFixed(1)} ms a minute, ${percent(seen.growth)} until the end`;
}
