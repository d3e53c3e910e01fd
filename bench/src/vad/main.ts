/**
 * Program: what the voice detector costs for each caller who speaks, by how many speak at a time in one process.
 * `node bench/src/vad/main.ts [--streams 1,4,8,16] [--seconds 5]`
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { sileroVad } from "@parley/local";
import { noise } from "@parley/testkit";
import { stats } from "../stats.ts";
import { now } from "../time.ts";

const WINDOW_MS = 32;
const RATE_HZ = 16_000;

const { values } = parseArgs({
  options: { streams: { type: "string", default: "1,4,8,16" }, seconds: { type: "string", default: "5" } },
});
const vad = sileroVad();
await vad.warm();
const sound = noise(WINDOW_MS, RATE_HZ, -20);

console.log("| speak at a time | CPU cores of each | window to word, p50 / p95, ms |");
console.log("| ---: | ---: | ---: |");
for (const count of values.streams.split(",").map(Number)) {
  const waitsMs: number[] = [];
  const speak = async (until: number) => {
    const stream = vad.open();
    // Nobody's windows are in step with another's.
    await sleep(Math.random() * WINDOW_MS);
    for (let at = now(); at < until; at += WINDOW_MS) {
      await sleep(Math.max(0, at - now()));
      const pushedAt = now();
      stream.push(sound, () => waitsMs.push(now() - pushedAt));
    }
    stream.close();
  };
  const cpuFrom = process.cpuUsage();
  const from = now();
  await Promise.all(Array.from({ length: count }, () => speak(from + Number(values.seconds) * 1000)));
  const { user, system } = process.cpuUsage(cpuFrom);
  const cores = (user + system) / 1000 / (now() - from) / count;
  const waits = stats(waitsMs);
  console.log(`| ${count} | ${cores.toFixed(4)} | ${waits?.p50.toFixed(1)} / ${waits?.p95.toFixed(1)} |`);
}
await vad.close();
