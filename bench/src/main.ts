/**
 * Program: the product beside the floor and the peers, in one run.
 * `node bench/src/main.ts [--quick | --reach] [--runs 3] [--targets floor,parley,…] [--scenarios turns1x10,…] [--out folder]`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { killChildrenAtExit } from "./child.ts";
import { inOrder, options } from "./options.ts";
import { install } from "./peers/install.ts";
import { plot } from "./plot.ts";
import { report } from "./report.ts";
import type { TargetResult } from "./result.ts";
import { runTarget } from "./run-target.ts";

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

killChildrenAtExit();
const { jobs, runs, out } = options(process.argv.slice(2));
const logFolder = path.join(out, "raw");
mkdirSync(logFolder, { recursive: true });

const broken = new Map<string, string>();
for (const needs of new Set(jobs.map(({ target }) => target.needs))) {
  if (needs === null) continue;
  try {
    console.log(`${needs.name}: ${await install(needs)}`);
  } catch (error) {
    broken.set(needs.name, `not installed: ${reason(error)}`);
    console.log(`${needs.name}: ${broken.get(needs.name)}`);
  }
}

const results: TargetResult[] = [];
const order = jobs.map(({ target }) => target.name);
const scenarios = [...new Set(jobs.flatMap((job) => job.scenarios.map(({ name }) => name)))];
for (let run = 1; run <= runs; run++) {
  for (const job of inOrder(jobs, run)) {
    const { name, needs } = job.target;
    const result: TargetResult = {
      target: name,
      run,
      registeredMs: null,
      idle: null,
      starts: null,
      scenarios: [],
      failures: [],
    };
    results.push(result);
    const missing = broken.get(needs?.name ?? "");
    if (missing !== undefined) result.failures.push(missing);
    else {
      await runTarget(job, result, { logFolder, changed: write }).catch((error) => {
        result.failures.push(reason(error));
        console.log(`${name}: ${reason(error)}`);
      });
    }
    write();
  }
}
console.log(`\n${write()}`);
process.exit(0);

/** After every scenario: a run that is cut leaves what it has. */
function write(): string {
  const inColumns = results.toSorted((a, b) => order.indexOf(a.target) - order.indexOf(b.target) || a.run - b.run);
  const text = report(inColumns, scenarios);
  writeFileSync(path.join(out, "latest.md"), text);
  writeFileSync(path.join(out, "latest.json"), `${JSON.stringify(inColumns, null, 2)}\n`);
  writeFileSync(path.join(out, "latest.svg"), plot(inColumns));
  return text;
}
