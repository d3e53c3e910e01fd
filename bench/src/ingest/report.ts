import { cpus } from "node:os";
import type { LoadedAndWatched } from "./load-main.ts";

export interface Row {
  calls: number;
  lines: number;
  result: LoadedAndWatched;
  /** Facts of this run that the database has. */
  stored: number;
  /** Of the database, over the whole run. */
  commits: number;
  wholeSeconds: number;
  cores: { server: number; postgres: number; workers: number };
}

export function table(
  rows: readonly Row[],
  { rate, fsync, sync }: { rate: number; fsync: string; sync: string },
): string {
  const head = [
    "calls",
    "lines",
    "facts/s wanted",
    "facts/s acked",
    "facts a batch",
    "facts a commit",
    "batch sent to ack, ms p50 / p99",
    "fact made to ack, ms p50 / p95 / p99",
    "fact made to seen live, ms p50 / p95 / p99",
    "behind at the end",
    "cores: server, Postgres, workers",
  ];
  const body = rows.map(({ calls, lines, result, stored, commits, cores }) => [
    calls,
    lines,
    rate,
    Math.round(result.acked / result.seconds),
    (result.acked / result.batches).toFixed(1),
    (stored / commits).toFixed(1),
    ms(result.writeMs, [0.5, 0.99]),
    ms(result.factMs, [0.5, 0.95, 0.99]),
    watched(result.seen),
    result.behind,
    [cores.server, cores.postgres, cores.workers].map((value) => value.toFixed(2)).join(", "),
  ]);
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return `${[
    "# Ingestion of facts",
    "",
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, Node ${process.versions.node}, embedded Postgres with fsync ${fsync}, synchronous_commit ${sync}.`,
    "",
    line(head),
    line(head.map(() => "---:")),
    ...body.map(line),
  ].join("\n")}\n`;
}

function watched({ seenMs, outOfOrder, lost }: LoadedAndWatched["seen"]): string {
  const wrong = [outOfOrder > 0 ? `${outOfOrder} out of order` : "", lost > 0 ? `${lost} watchers lost` : ""];
  return [seenMs.length === 0 ? "nobody watched" : ms(seenMs, [0.5, 0.95, 0.99]), ...wrong.filter(Boolean)].join(", ");
}

function ms(values: number[], shares: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return shares
    .map((share) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0))
    .join(" / ");
}
