import os from "node:os";
import type { ScenarioResult, TargetResult } from "./result.ts";
import type { Stats } from "./stats.ts";

type Cell = number | null;
interface Row {
  name: string;
  /** p95 beside a p50. */
  value(target: TargetResult): { main: Cell; second?: Cell };
  digits?: number;
}

/** One table, targets side by side; with exactly two, the ratio of the second (parley) to the first (floor). */
export function report(results: readonly TargetResult[], scenarios: readonly string[]): string {
  const names = results.map((result) => result.target);
  const ratio = results.length === 2;
  const head = ["", ...names, ...(ratio ? [`${names[1]} / ${names[0]}`] : [])];
  const lines = rows(scenarios).map((row) => {
    const values = results.map((result) => row.value(result));
    if (values.every(({ main }) => main === null)) return null;
    const cells = values.map(
      ({ main, second }) => `${text(main, row.digits)}${second == null ? "" : ` / ${text(second, row.digits)}`}`,
    );
    const [base, ours] = values.map(({ main }) => main);
    return [row.name, ...cells, ...(ratio ? [ratioOf(base, ours)] : [])];
  });
  const table = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...lines.filter((line) => line !== null)];
  const cpu = os.cpus();
  return [
    "# Benchmark",
    "",
    `${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}. LiveKit server, callers, mock providers and agent share this`,
    "machine. p50 / p95 where there are two figures; what each row means is in [the README](../README.md).",
    "",
    ...table.map((line) => `| ${line.join(" | ")} |`),
    "",
    ...troubles(results),
  ].join("\n");
}

function rows(scenarios: readonly string[]): Row[] {
  const of = (name: string) => (target: TargetResult) => target.scenarios.find((one) => one.scenario === name);
  const spread = (
    name: string,
    key: "join" | "greet" | "latency" | "quieter" | "silent" | "bargeReply",
  ): Row["value"] => {
    return (target) => both(of(name)(target)?.[key]);
  };
  const single = (name: string, pick: (result: ScenarioResult) => number): Row["value"] => {
    return (target) => {
      const result = of(name)(target);
      return { main: result === undefined ? null : pick(result) };
    };
  };
  const list: Row[] = [
    { name: "start → registered, ms", value: (target) => ({ main: target.registeredMs }) },
    { name: "idle PSS, MiB", value: (target) => ({ main: target.idle.pssMiB }) },
  ];
  for (const name of scenarios) {
    const kind = /^[a-z]+/.exec(name)?.[0];
    if (kind === "join" || kind === "burst") {
      list.push(
        { name: `${name}: join, ms`, value: spread(name, "join") },
        { name: `${name}: greeting heard, ms`, value: spread(name, "greet") },
        { name: `${name}: failed or ungreeted`, value: single(name, (r) => r.failedJoins + r.ungreeted) },
        { name: `${name}: PSS, MiB`, value: single(name, (r) => r.memory.pssMiB) },
      );
    }
    if (kind === "turns" || kind === "steady") {
      list.push({ name: `${name}: turn latency, ms`, value: spread(name, "latency") });
      for (const part of ["endpoint", "sttToLlm", "llmToTts", "ttsToEar", "overhead"] as const) {
        if (name.startsWith("turns1x")) {
          list.push({ name: `${name}: ${part}, ms`, value: (target) => both(of(name)(target)?.parts?.[part]) });
        }
      }
      list.push(
        { name: `${name}: turns`, value: single(name, (r) => r.turns) },
        { name: `${name}: lost turns`, value: single(name, (r) => r.lostTurns) },
        { name: `${name}: of them to a cut question`, value: single(name, (r) => r.cutTurns) },
        { name: `${name}: premature`, value: single(name, (r) => r.premature) },
        { name: `${name}: choppy`, value: single(name, (r) => r.choppy) },
        { name: `${name}: failed joins`, value: single(name, (r) => r.failedJoins) },
        { name: `${name}: CPU cores per call`, value: single(name, (r) => r.cores.agent / r.callers), digits: 3 },
        { name: `${name}: PSS per call, MiB`, value: single(name, (r) => r.memory.pssMiB / r.callers), digits: 1 },
        {
          name: `${name}: PSS added per call, MiB`,
          value: (target) => {
            const result = of(name)(target);
            return { main: result === undefined ? null : (result.memory.pssMiB - target.idle.pssMiB) / result.callers };
          },
          digits: 1,
        },
      );
    }
    if (kind === "barge") {
      list.push(
        { name: `${name}: to quieter by 12 dB, ms`, value: spread(name, "quieter") },
        { name: `${name}: to silent, ms`, value: spread(name, "silent") },
        { name: `${name}: to the next answer, ms`, value: spread(name, "bargeReply") },
        { name: `${name}: failed`, value: single(name, (r) => r.failedBarges) },
      );
    }
  }
  return list;
}

/** What makes a figure doubtful is said beside it. */
function troubles(results: readonly TargetResult[]): string[] {
  const list = results.flatMap(({ target, scenarios }) =>
    scenarios.flatMap((result) => {
      const said = [
        ...(result.crashedCallers > 0 ? [`${result.crashedCallers} caller processes died`] : []),
        ...(result.lateFrames > result.callers * 5 ? [`callers sent ${result.lateFrames} frames late`] : []),
        ...(result.errors.length > 0 ? [`${result.errors.length} errors, first: ${result.errors[0]}`] : []),
      ];
      return said.map((text) => `- ${target}, ${result.scenario}: ${text}`);
    }),
  );
  return list.length === 0 ? [] : ["Noticed:", "", ...list, ""];
}

function both(stats: Stats | null | undefined): { main: Cell; second?: Cell } {
  return stats == null ? { main: null } : { main: stats.p50, second: stats.p95 };
}

function text(value: Cell, digits = 0): string {
  return value === null ? "–" : value.toFixed(digits);
}

function ratioOf(base: Cell | undefined, ours: Cell | undefined): string {
  if (base == null || ours == null || base <= 0) return "";
  return (ours / base).toFixed(2);
}
