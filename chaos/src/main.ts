/**
 * Program: kills every part of Parley under live calls, and says what callers and logs noticed.
 * `node chaos/src/main.ts [--seed N] [--rounds 2] [--minutes 20] [--only case,case] [--calls 10] [--page | --no-page]`
 * docs/reliability.md is written by a run of all cases, or with `--page`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { killChildrenAtExit } from "@parley/bench/child";
import { now } from "@parley/bench/time";
import { CASES, casesNamed } from "./cases/index.ts";
import { breaches, type EventVerdict } from "./judge/event.ts";
import { writeSection } from "./page.ts";
import { root } from "./parts/settings.ts";
import { random } from "./random.ts";
import { report } from "./report/report.ts";
import { runEvent } from "./run-event.ts";
import { Scene } from "./scene.ts";
import { startStack } from "./stack.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Date.now() / 1000) % 100_000) },
    rounds: { type: "string", default: "2" },
    minutes: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    calls: { type: "string", default: "10" },
    out: { type: "string" },
    page: { type: "boolean", default: false },
    "no-page": { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const calls = Number(values.calls);
const cases = values.only === "" ? [...CASES] : casesNamed(values.only);
const startedAt = now();
const lastStartAt = startedAt + (Number(values.minutes) - 1.5) * 60_000;
const say = (line: string) => console.log(line);

// A folder of its own for each run: several may go on at once.
const out = values.out ?? path.join(root, ".parley/chaos", String(seed));
killChildrenAtExit();
mkdirSync(out, { recursive: true });
say(
  `seed ${seed}: ${values.rounds} rounds of ${cases.length} cases, ${calls} calls in each; logs in ${path.relative(process.cwd(), out)}`,
);
const source = random(seed);
const stack = await startStack({ logFolder: out, workers: 2, graceMs: 5_000 });
const scene = new Scene(stack, source);
const events: EventVerdict[] = [];
let failed = false;
const note = (event: EventVerdict) => {
  events.push(event);
  // What its processes wrote of a call that was wronged or choppy, for whoever looks into it.
  const wronged = (call: EventVerdict["calls"][number]) => breaches({ ...event, calls: [call], died: [] }).length > 0;
  for (const { callId } of event.calls.filter((call) => call.holes.length > 0 || wronged(call)))
    for (const { epoch, writer, facts } of scene.snapshots.filesOf(callId)) {
      const lines = facts.map((fact) => `${JSON.stringify(fact)}\n`);
      writeFileSync(path.join(out, `${callId}.${epoch}.${writer}.ndjson`), lines.join(""));
    }
  say(line(event));
};
/** One event that cannot be carried out or judged is a fault of the run, not its end. */
const gaveUp = (name: string) => (error: unknown) => {
  failed = true;
  console.error(`${name}: could not be carried out:`, error);
};
let judging: Promise<void> = Promise.resolve();
try {
  const order = Array.from({ length: Number(values.rounds) }, () =>
    source.shuffled(cases.flatMap((one) => Array.from({ length: one.times ?? 1 }, () => one))),
  ).flat();
  for (const [index, one] of order.entries()) {
    if (now() > lastStartAt) {
      say(`time is up: ${order.length - index} events of ${order.length} were not run`);
      break;
    }
    // What is arranged may end the process that has the last calls' last facts.
    if (one.arrange) await judging;
    const started = await runEvent(scene, one, one.calls ?? calls).catch(gaveUp(one.name));
    await judging;
    if (!started) continue;
    // The last logs arrive while the next callers dial.
    judging = started.judged.then(note).catch(gaveUp(one.name));
  }
  await judging;
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  scene.close();
  await stack.stop();
}
writeFileSync(path.join(out, "events.json"), `${JSON.stringify({ seed, events }, null, 2)}\n`);
const minutes = (now() - startedAt) / 60_000;
const given = process.argv.slice(2).join(" ");
const command = `npm run chaos${given === "" ? "" : ` -- ${given}`}`;
const text = report(CASES, events, { seed, calls, command, minutes });
console.log(`\n${text}`);
if (!values["no-page"] && (values.page || values.only === "") && events.length > 0) writeSection("chaos", text);
process.exit(failed || events.some((event) => breaches(event).length > 0) ? 1 : 0);

function line(event: EventVerdict): string {
  const { name, calls: all, watchedMs } = event;
  const hit = all.filter((call) => call.hit);
  const gaps = hit.map(({ gapMs }) => (gapMs === null ? "never" : gapMs.toFixed(0)));
  const said = breaches(event).map((what) => `\n    ${what}`);
  return `${name}: ${hit.length} hit, gaps ${gaps.join(" ") || "–"} ms, watched ${(watchedMs / 1000).toFixed(0)} s${said.join("")}`;
}
