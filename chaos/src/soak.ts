/**
 * Program: does a worker stay as it was? Many short calls, or (`--long`) a few for a long time.
 * `node chaos/src/soak.ts [--calls 2000] [--minutes 40] [--seed N]`
 * `node chaos/src/soak.ts --long [--calls 20] [--minutes 20]`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { killChildrenAtExit } from "@parley/bench/child";
import { now } from "@parley/bench/time";
import { writeSection } from "./page.ts";
import { root } from "./parts/settings.ts";
import { random } from "./random.ts";
import { Scene } from "./scene.ts";
import { longCalls } from "./soak/long-calls.ts";
import { longReport, shortReport } from "./soak/report.ts";
import type { Sample } from "./soak/sample.ts";
import { shortCalls } from "./soak/short-calls.ts";
import { startStack } from "./stack.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string", default: "1" },
    long: { type: "boolean", default: false },
    out: { type: "string", default: path.join(root, ".parley/soak") },
    "no-page": { type: "boolean", default: false },
  },
});
const calls = Number(values.calls ?? (values.long ? 20 : 2000));
const minutes = Number(values.minutes ?? (values.long ? 20 : 40));
const given = process.argv.slice(2).join(" ");
const command = `npm run soak${given === "" ? "" : ` -- ${given}`}`;

killChildrenAtExit();
mkdirSync(values.out, { recursive: true });
const say = (sample: Sample) =>
  console.log(
    `${sample.calls} calls, ${sample.minutes.toFixed(1)} min: PSS ${sample.pssMiB.toFixed(0)} MiB, RSS ${sample.rssMiB.toFixed(0)} MiB, ${sample.handles} files, ${sample.threads} threads`,
  );
const stack = await startStack({ logFolder: values.out, workers: 1, graceMs: 1_000 });
const source = random(Number(values.seed));
const scene = new Scene(stack, source);
const startedAt = now();
let flat = false;
try {
  const raw = values.long
    ? await longCalls(scene, { calls, minutes }, say)
    : await shortCalls(scene, source, { calls, minutes }, say);
  const took = (now() - startedAt) / 60_000;
  const verdict =
    "turns" in raw ? longReport(raw, { command, calls, minutes }) : shortReport(raw, { command, minutes: took });
  flat = verdict.flat;
  console.log(`\n${verdict.text}`);
  writeFileSync(path.join(values.out, "soak.json"), `${JSON.stringify(raw, null, 2)}\n`);
  if (!values["no-page"]) writeSection(values.long ? "long" : "soak", verdict.text);
} finally {
  scene.close();
  await stack.stop();
}
process.exit(flat ? 0 : 1);
