import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const PAGE = path.resolve(import.meta.dirname, "../../../../docs/isolation.md");
const [BEGIN, END] = ["<!-- routes: generated -->", "<!-- /routes -->"];
const HEAD = ["route", "no key", "wrong key", "a key without the scope", "another tenant's id"];

/** What a route answered; empty: not asked, for it needs no key, or has no id. */
export interface RouteRow {
  route: string;
  noKey: string;
  wrongKey: string;
  noScope: string;
  otherTenant: string;
}

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

export function linesOf(rows: readonly RouteRow[]): string[] {
  return rows.map(({ route, noKey, wrongKey, noScope, otherTenant }) =>
    line([`\`${route}\``, noKey, wrongKey, noScope, otherTenant]),
  );
}

export function linesOnPage(): string[] {
  const page = readFileSync(PAGE, "utf8");
  const rows = page.slice(page.indexOf(BEGIN), page.indexOf(END)).split("\n");
  return rows.filter((row) => row.startsWith("| ")).slice(2);
}

export function writePage(rows: readonly RouteRow[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE} has no section ${BEGIN} … ${END}`);
  const table = [line(HEAD), line(HEAD.map(() => "---")), ...linesOf(rows)].join("\n");
  writeFileSync(PAGE, `${page.slice(0, from)}${BEGIN}\n\n${table}\n\n${page.slice(to)}`);
}
