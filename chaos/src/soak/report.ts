import os from "node:os";
import type { LongCalls } from "./long-calls.ts";
import type { Sample } from "./sample.ts";
import type { ShortCalls } from "./short-calls.ts";
import { middle, type Trend, trend } from "./slope.ts";

/** The beginning fills caches and pools. */
const WARM_CALLS = 200;
/** A figure that grows by less than this over the whole of the rest is flat. */
const FLAT = 0.1;
/** Latency may drift by this much between the first and the last quarter. */
const DRIFT = 0.1;

const FIGURES = { pssMiB: "PSS, MiB", rssMiB: "RSS, MiB", handles: "open files", threads: "threads" } as const;
type Figure = keyof typeof FIGURES;

export interface Verdict {
  text: string;
  flat: boolean;
}

const machine = () => {
  const cpu = os.cpus();
  return `${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}`;
};

export function shortReport(
  { samples, silent, ended }: ShortCalls,
  run: { command: string; minutes: number },
): Verdict {
  const settled = samples.filter(({ calls }) => calls >= WARM_CALLS);
  const trends = (Object.keys(FIGURES) as Figure[]).map((figure) => ({
    figure,
    seen: trend(settled.map((sample) => ({ x: sample.calls, y: sample[figure] }))),
  }));
  const flat = trends.every(({ seen }) => seen !== null && seen.growth < FLAT);
  const text = [
    `${machine()}: ${ended} calls in ${run.minutes.toFixed(0)} minutes, \`${run.command}\`. Nobody answered in ${silent} of them.`,
    `Samples are taken when nobody calls, of the worker with its shards. Flat: the middle slope (Theil-Sen) after ${WARM_CALLS} calls`,
    `adds less than ${FLAT * 100} % until the end. Timers are not counted from outside.`,
    "",
    "| figure | per 1,000 calls | over the rest of the run | |",
    "| --- | ---: | ---: | --- |",
    ...trends.map(({ figure, seen }) => trendRow(FIGURES[figure], seen)),
    "",
    ...curve(samples, "calls", ({ calls }) => String(calls)),
  ].join("\n");
  return { text, flat };
}

export function longReport(
  { turns, unanswered, samples }: LongCalls,
  run: { command: string; calls: number; minutes: number },
): Verdict {
  const quarters = [0, 1, 2, 3].map((quarter) => {
    const [from, to] = [(run.minutes * quarter) / 4, (run.minutes * (quarter + 1)) / 4];
    return turns.filter(({ minutes }) => minutes >= from && minutes < to).map(({ latencyMs }) => latencyMs);
  });
  const p50s = quarters.map(middle);
  const drift = (p50s[3] ?? 0) / Math.max(1, p50s[0] ?? 0) - 1;
  const text = [
    `${machine()}: ${run.calls} calls for ${run.minutes} minutes, \`${run.command}\`: ${turns.length} questions answered, ${unanswered} not.`,
    "From the end of a question to the first sound of its answer, at the caller's ear:",
    "",
    "| quarter | questions | p50, ms |",
    "| --- | ---: | ---: |",
    ...quarters.map((list, index) => `| ${index + 1} | ${list.length} | ${(p50s[index] ?? 0).toFixed(0)} |`),
    "",
    `The last quarter against the first: ${percent(drift)} (${Math.abs(drift) < DRIFT ? "no drift" : "it drifts"}).`,
    "",
    ...curve(samples, "minutes", ({ minutes }) => minutes.toFixed(1)),
  ].join("\n");
  return { text, flat: drift < DRIFT };
}

const percent = (part: number) => `${part >= 0 ? "+" : ""}${(part * 100).toFixed(1)} %`;

function trendRow(name: string, seen: Trend | null): string {
  if (seen === null) return `| ${name} | – | – | too few samples |`;
  const verdict = seen.growth < FLAT ? "flat" : "**grows**";
  return `| ${name} | ${seen.per1000.toFixed(1)} | ${percent(seen.growth)} | ${verdict} |`;
}

function curve(samples: readonly Sample[], unit: string, at: (sample: Sample) => string): string[] {
  return [
    `| ${unit} | PSS, MiB | RSS, MiB | open files | threads |`,
    "| ---: | ---: | ---: | ---: | ---: |",
    ...samples.map(
      (sample) =>
        `| ${at(sample)} | ${sample.pssMiB.toFixed(0)} | ${sample.rssMiB.toFixed(0)} | ${sample.handles} | ${sample.threads} |`,
    ),
  ];
}
