import os from "node:os";
import type { Stats } from "../stats.ts";
import { type KindScore, type Score, wantsStop } from "./barge/score.ts";
import { fixedAtSame, type Measured } from "./curve.ts";
import type { Writing } from "./recogniser.ts";

export interface TurnsResult {
  utterances: number;
  pauses: number;
  callers: readonly string[];
  measured: readonly Measured[];
  barge: readonly Score[];
}

const said: Record<Writing, string> = {
  signs: "Every word and sign right",
  plain: "Every word right, no signs, no capitals",
  eager: "Every word right, a full stop after every stretch",
};

/** The page that `npm run bench:turns` writes. */
export function report(result: TurnsResult): string {
  const cpu = os.cpus();
  const writings = [...new Set(result.measured.map((one) => one.writing))];
  return [
    "# Turns",
    "",
    `${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}; virtual time, so the machine changes nothing.`,
    "What is measured and how to read it: [docs/turns.md](../../docs/turns.md).",
    "",
    "## The end of a turn",
    "",
    `${result.utterances} utterances of callers that no policy was tuned on (${result.callers.join(", ")}), with ${result.pauses} pauses of`,
    "150 to 1200 ms inside. *Cut off*: the turn was ended before the utterance was. Delay: from its last sound to the end of its turn, ms.",
    "*Fixed, for as few*: the median delay of the fixed silence that cuts off no more.",
    "",
    "![False cut-offs against delay](turns.svg)",
    "",
    ...writings.flatMap((writing) =>
      endTable(
        writing,
        result.measured.filter((one) => one.writing === writing),
      ),
    ),
    "## While the agent speaks",
    "",
    ...bargeTables(result.barge),
  ].join("\n");
}

function endTable(writing: Writing, measured: readonly Measured[]): string[] {
  const fixed = measured.filter((one) => one.line === "fixed").map((one) => one.point);
  const rows = measured.map(({ name, line, point }) => {
    const same = line === "fixed" ? null : fixedAtSame(point.cutOff, fixed, (one) => one.delay.p50);
    const beside = line === "fixed" ? "" : same === null ? "more than 1200" : same.toFixed(0);
    const { delay, cutOff, meanMs } = point;
    return [name, percent(cutOff), delay.p50.toFixed(0), delay.p95.toFixed(0), meanMs.toFixed(0), beside];
  });
  return [
    `### ${said[writing]}`,
    "",
    ...table(["policy, ms", "cut off", "delay p50", "p95", "mean", "fixed, for as few"], rows),
    "",
  ];
}

function bargeTables(scores: readonly Score[]): string[] {
  const summary = scores.map(({ name, precision, recall, duck, stop, kinds }) => {
    const others = kinds.filter(({ kind }) => !wantsStop(kind) && kind !== "echo");
    const sum = (of: (kind: KindScore) => number) => others.reduce((total, kind) => total + of(kind), 0);
    const sounds = sum((kind) => kind.sounds);
    return [
      name,
      percent(precision),
      percent(recall),
      both(duck),
      both(stop),
      `${sum((k) => k.falseStops)} of ${sounds}`,
      `${sum((k) => k.quiet)}`,
    ];
  });
  const [first] = scores;
  const kinds = (first?.kinds ?? []).map((kind) => [
    kind.kind,
    String(kind.sounds),
    String(kind.ducked),
    String(kind.stopped),
    wantsStop(kind.kind) ? "" : String(kind.falseStops),
    wantsStop(kind.kind) ? "" : String(kind.quiet),
    both(kind.duck),
    both(kind.stop),
  ]);
  return [
    "Precision and recall of stopping; *to duck*, *to stop*: from the first sample of an interruption to the voice 18 dB down, and to its",
    "lasting silence, p50 / p95, ms. *False stops*: of all other sounds, those that stopped the reply or silenced it for more than 600 ms;",
    "*or quiet*: those that ducked it for so long count, too.",
    "",
    ...table(["interruption", "precision", "recall", "to duck", "to stop", "false stops", "or quiet"], summary),
    "",
    `By kind, ${first?.name ?? ""}:`,
    "",
    ...table(["kind", "sounds", "ducked", "stopped", "false stops", "or quiet", "to duck", "to stop"], kinds),
    "",
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)];
}

function both(stats: Stats | null): string {
  return stats === null ? "–" : `${stats.p50.toFixed(0)} / ${stats.p95.toFixed(0)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
