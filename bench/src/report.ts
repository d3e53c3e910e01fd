import os from "node:os";
import { callsHeld } from "./calls-held.ts";
import { reachTable } from "./reach/reach.ts";
import type { TargetResult } from "./result.ts";
import { type Cell, type Row, rows } from "./rows.ts";
import { median, stats } from "./stats.ts";

/** A column: all runs of one target. */
interface Column {
  target: string;
  runs: TargetResult[];
}

/** One table, targets side by side; with exactly two, the ratio of the second (parley) to the first (floor). */
export function report(results: readonly TargetResult[], scenarios: readonly string[]): string {
  const columns: Column[] = [...Map.groupBy(results, (result) => result.target)].map(([target, runs]) => ({
    target,
    runs,
  }));
  const ratio = columns.length === 2;
  const names = columns.map(({ target }) => target);
  const head = ["", ...names, ...(ratio ? [`${names[1]} / ${names[0]}`] : [])];
  const lines = [...rows(scenarios), callsHeld].flatMap((row) => {
    const cells = columns.map((column) => cellOf(row, column));
    if (cells.every(({ main }) => main === null)) return [];
    return [[row.name, ...cells.map(({ text }) => text), ...(ratio ? [ratioOf(cells[0]?.main, cells[1]?.main)] : [])]];
  });
  const cpu = os.cpus();
  const runs = Math.max(0, ...results.map(({ run }) => run));
  const several = runs > 1 ? ` Medians of ${runs} runs, their least and most in brackets.` : "";
  return [
    "# Benchmark",
    "",
    `${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}. LiveKit server, callers, mock providers and agent share this`,
    `machine. p50 / p95 where there are two figures; what each row means is in [the README](../README.md).${several}`,
    "",
    "![Latency by target, and against the number of calls](latest.svg)",
    "",
    ...table([head, ...lines]),
    "",
    "## Reach",
    "",
    ...table(reachTable(results)),
    "",
    ...troubles(results),
  ].join("\n");
}

function table([head = [], ...lines]: string[][]): string[] {
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, rule, ...lines].map((line) => `| ${line.join(" | ")} |`);
}

function cellOf(row: Row, { runs }: Column): { main: Cell; text: string } {
  const values = runs.map((run) => row.value(run));
  const [main, second] = [median(values.map((value) => value.main)), median(values.map((value) => value.second))];
  const of = stats(values.map((value) => value.main ?? undefined));
  const figures = second === null ? text(main, row.digits) : `${text(main, row.digits)} / ${text(second, row.digits)}`;
  const spread = runs.length > 1 && of !== null ? ` (${text(of.min, row.digits)}–${text(of.max, row.digits)})` : "";
  return { main, text: `${figures}${spread}` };
}

/** Above it a virtual machine's figures say more of its neighbours than of what ran on it. */
const MOST_STOLEN = 0.03;

/** What makes a figure doubtful, or is missing, is said beside it. */
function troubles(results: readonly TargetResult[]): string[] {
  const runs = Math.max(0, ...results.map(({ run }) => run));
  const list = results.flatMap(({ target, run, failures, starts, scenarios }) => {
    const who = runs > 1 ? `${target}, run ${run}` : target;
    const ofStarts = starts !== null && starts.errors.length > 0 ? [`${starts.scenario}: ${starts.errors[0]}`] : [];
    const ofScenarios = scenarios.flatMap((result) =>
      [
        ...(result.crashedCallers > 0 ? [`${result.crashedCallers} caller processes died`] : []),
        ...(result.stolen > MOST_STOLEN ? [`others had ${Math.round(result.stolen * 100)} % of the machine`] : []),
        ...(result.latePieces > result.callers * 5
          ? [`callers spoke ${result.latePieces} pieces of a question late`]
          : []),
        ...(result.errors.length > 0 ? [`${result.errors.length} errors, first: ${result.errors[0]}`] : []),
      ].map((said) => `${result.scenario}: ${said}`),
    );
    return [
      ...failures.map((said) => `- ${who}: ${inOneLine(said)}`),
      ...[...ofStarts, ...ofScenarios].map((said) => `- ${who}, ${inOneLine(said)}`),
    ];
  });
  return list.length === 0 ? [] : ["Noticed:", "", ...list, ""];
}

const inOneLine = (said: string) => said.replace(/\s+/g, " ").slice(0, 400);

function text(value: Cell, digits = 0): string {
  return value === null ? "–" : value.toFixed(digits);
}

function ratioOf(base: Cell | undefined, ours: Cell | undefined): string {
  if (base == null || ours == null || base <= 0) return "";
  return (ours / base).toFixed(2);
}
