/**
 * Program: how many calls this machine holds.
 * `node bench/src/capacity/main.ts [--targets parley] [--steps 1,5,10] [--shards 1,2,4] [--seconds 45] [--all] [--out folder]`
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { killChildrenAtExit } from "../child.ts";
import { install } from "../peers/install.ts";
import { target } from "../target.ts";
import { runCapacity } from "./capacity.ts";

const { values } = parseArgs({
  options: {
    targets: { type: "string", default: "parley" },
    steps: { type: "string", default: "1,5,10,15,20,25,30" },
    /** By default as the target decides itself. */
    shards: { type: "string" },
    seconds: { type: "string", default: "45" },
    "reference-turns": { type: "string", default: "20" },
    all: { type: "boolean", default: false },
    out: { type: "string", default: path.join(import.meta.dirname, "../../results") },
  },
});

killChildrenAtExit();
const targets = values.targets.split(",").map(target);
for (const needs of new Set(targets.map((one) => one.needs))) if (needs) await install(needs);
await runCapacity(targets, {
  steps: values.steps.split(",").map(Number),
  seconds: Number(values.seconds),
  referenceTurns: Number(values["reference-turns"]),
  shards: values.shards?.split(",").map(Number) ?? [null],
  all: values.all,
  out: values.out,
});
process.exit(0);
