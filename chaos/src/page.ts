import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./parts/settings.ts";

const PAGE = path.join(root, "docs/reliability.md");

/** The parts of the page that programs write, in the order in which they stand there. */
const SECTIONS = ["chaos", "soak", "long"] as const;
type Section = (typeof SECTIONS)[number];

const TITLES: Record<Section, string> = {
  chaos: "## What was measured",
  soak: "## Many calls through one worker",
  long: "## Long calls",
};

const begin = (section: Section) => `<!-- ${section}: generated -->`;
const end = (section: Section) => `<!-- /${section} -->`;

/** Replaces one generated section; what stands around it is kept. */
export function writeSection(section: Section, text: string): void {
  const page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "# Reliability\n";
  const body = `${begin(section)}\n\n${text.trim()}\n\n${end(section)}`;
  const [from, to] = [page.indexOf(begin(section)), page.indexOf(end(section))];
  const next =
    from >= 0 && to > from
      ? page.slice(0, from) + body + page.slice(to + end(section).length)
      : `${page.trimEnd()}\n\n${TITLES[section]}\n\n${body}\n`;
  writeFileSync(PAGE, next);
}
