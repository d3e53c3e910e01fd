import { type Instrument, instruments } from "@parley/metrics";
import { expect, test } from "vitest";
import { guides } from "./pages.ts";

const page = guides().find(({ path }) => path === "docs/metrics.md")?.text ?? "";

function rowOf([name, { kind, unit, labels, buckets = [], meaning, by }]: [string, Instrument]): string {
  const cells = [
    `\`${name}\``,
    kind,
    unit,
    labels.map((label) => `\`${label}\``).join(", "),
    buckets.join(" "),
    meaning,
    by.join(", "),
  ];
  return `| ${cells.join(" | ")} |`.replaceAll("|  |", "| – |").replaceAll("|  |", "| – |");
}

test("docs/metrics.md has every instrument as the code has it, and no other", () => {
  const rows = page
    .split("\n")
    .filter((line) => /^\| `[a-z_]+` \| (counter|up-down-counter|gauge|histogram) \|/.test(line));
  expect(rows).toEqual(Object.entries<Instrument>(instruments).map(rowOf));
});

test("histograms have buckets in order, and nothing else has any", () => {
  for (const [name, { kind, buckets }] of Object.entries<Instrument>(instruments)) {
    expect([name, buckets !== undefined]).toEqual([name, kind === "histogram"]);
    expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
  }
});
