import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import path from "node:path";
import type { Outcome } from "./fault-kinds.ts";

const PAGE = path.resolve(import.meta.dirname, "../../../../docs/provider-faults.md");
const COLUMNS = [
  "fails",
  "how",
  "the service",
  "the caller hears",
  "after, s",
  "in the log",
  "asked again",
  "the turn",
];
const HEAD = [...COLUMNS, "the next question"];
const AFTER = HEAD.indexOf("after, s");

export interface FaultRow {
  stage: string;
  title: string;
  does: string;
  afterMs: number;
  outcome: Outcome;
}

/** Set by `npm run faults`: the page is written, not checked. */
export const isWriting = process.env.FAULTS_WRITE === "1";

function cells({ stage, title, does, afterMs, outcome }: FaultRow): string[] {
  const { heard, error, askedAgain, turn, next } = outcome;
  const after = (afterMs / 1000).toFixed(1);
  const log = error === "–" ? error : `\`${error}\``;
  return [stage, title, does, heard, after, log, askedAgain, turn, next];
}

const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;

/** The rows as the page has them, without what differs from run to run. */
export function outcomesOf(rows: readonly FaultRow[]): string[] {
  return rows.map((row) => line(cells(row).toSpliced(AFTER, 1)));
}

/** What the committed page says, in the same form. */
export function outcomesOnPage(section: string): string[] {
  const page = readFileSync(PAGE, "utf8");
  const text = page.slice(page.indexOf(begin(section)), page.indexOf(end(section)));
  const rows = text.split("\n").filter((one) => one.startsWith("| "));
  return rows.slice(2).map((row) => line(row.slice(2, -2).split(" | ").toSpliced(AFTER, 1)));
}

/** Replaces one generated section of the page; what stands around it is kept. */
export function writeOutcomes(section: string, rows: readonly FaultRow[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(begin(section)), page.indexOf(end(section))];
  if (from < 0 || to < from) throw new Error(`${PAGE} has no section ${begin(section)} … ${end(section)}`);
  const when = new Date().toISOString().slice(0, 10);
  const machine = (cpus()[0]?.model ?? "unknown").replace(/\s+\d+-Core Processor|Processor|\(R\)|\(TM\)/g, "").trim();
  const where = `${when}, ${availableParallelism()} × ${machine}, Node ${process.versions.node}: \`npm run faults\`.`;
  const align = HEAD.map((_, index) => (index === AFTER ? "---:" : "---"));
  const table = [line(HEAD), line(align), ...rows.map((row) => line(cells(row)))].join("\n");
  writeFileSync(PAGE, `${page.slice(0, from)}${begin(section)}\n\n${where}\n\n${table}\n\n${page.slice(to)}`);
}

const begin = (section: string) => `<!-- ${section}: generated -->`;
const end = (section: string) => `<!-- /${section} -->`;
