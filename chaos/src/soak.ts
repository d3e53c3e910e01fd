/**
 * Program: does a worker stay as it was? Many short calls, or (`--long`) a few for a long time.
 * `node chaos/src/soak.ts [--calls 2000] [--minutes 40] [--every 100] [--seed N]`
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
import { FIGURES, figures } from "./soak/figures.ts";
import { longCalls } from "./soak/long-calls.ts";
import { longReport } from "./soak/long-report.ts";
import type { Sample } from "./soak/sample.ts";
import { shortCalls } from "./soak/short-calls.ts";
import { shortReport } from "./soak/short-report.ts";
import { startStack } from "./stack.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string" },
    minutes: { type: "string" },
    every: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    long: { type: "boolean", default: false },
    out: { type: "string", default: path.join(root, ".parley/soak") },
    "no-page": { type: "boolean", default: false },
  },
});
const calls = Number(values.calls ?? (values.long ? 20 : 2000));
const minutes = Number(values.minutes ?? (values.long ? 20 : 40));
const plotFile = values.long ? "soak-long.svg" : "soak.svg";
const given = process.argv.slice(2).join(" ");
const command = `npm run soak${given === "" ? "" : ` -- ${given}`}`;

killChildrenAtExit();
mkdirSync(values.out, { recursive: true });
const say = (sample: Sample) => {
  const now = figures.map((figure) => `${FIGURES[figure]} ${sample[figure].toFixed(0)}`);
  console.log(`${sample.calls} calls, ${sample.minutes.toFixed(1)} min: ${now.join("; ")}`);
};
const stack = await startStack({ logFolder: values.out, workers: 1, graceMs: 1_000 });
const source = random(Number(values.seed));
const scene = new Scene(stack, source);
const startedAt = now();
let flat = false;
try {
  const raw = values.long
    ? await longCalls(scene, { calls, minutes }, say)
    : await shortCalls(scene, source, { calls, minutes, sampleEvery: Number(values.every) }, say);
  const took = (now() - startedAt) / 60_000;
  const verdict =
    "turns" in raw
      ? longReport(raw, { command, calls, minutes, plotFile })
      : shortReport(raw, { command, minutes: took, plotFile });
  flat = verdict.flat;
  console.log(`\n${verdict.text}`);
  writeFileSync(path.join(values.out, "soak.json"), `${JSON.stringify(raw, null, 2)}\n`);
  writeFileSync(path.join(values.out, plotFile), verdict.plot);
  if (!values["no-page"]) {
    writeFileSync(path.join(root, "docs", plotFile), verdict.plot);
    writeSection(values.long ? "long" : "soak", verdict.text);
  }
} finally {
  scene.close();
  await stack.stop();
}
process.exit(flat ? 0 : 1);
