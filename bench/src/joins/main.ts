/**
 * Program: what a join costs with one peer connection for both directions, and with one for each (decision 012).
 * `node bench/src/joins/main.ts [--rooms 10] [--at-once 2] [--rounds 3]`
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { startLiveKitServer } from "@parley/livekit";
import { stats } from "../stats.ts";
import type { JoinsResult } from "./rooms.ts";

const { values } = parseArgs({
  options: {
    rooms: { type: "string", default: "10" },
    "at-once": { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
  },
});
const apiKey = "bench";
const apiSecret = "bench-secret-bench-secret-bench-secret";
const ROOMS = path.join(import.meta.dirname, "rooms.ts");
const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** On a server of its own. */
async function run(connections: "one" | "two"): Promise<JoinsResult> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "parley-joins-"));
  const server = await startLiveKitServer({ dataDir, apiKey, apiSecret, port: 0, log });
  try {
    const args = [ROOMS, server.url, apiKey, apiSecret, connections, values.rooms, values["at-once"]];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 180_000 });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as JoinsResult;
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

console.log(`${values.rooms} agents join, ${values["at-once"]} at a time; medians of ${values.rounds} runs, ms\n`);
console.log("| connections | all heard after | CPU of both sides | heard by the caller, p50 | last |");
console.log("| --- | ---: | ---: | ---: | ---: |");
const results = { one: [] as JoinsResult[], two: [] as JoinsResult[] };
// In turns, so that what the machine does else meets both.
for (let round = 0; round < Number(values.rounds); round++)
  for (const connections of ["one", "two"] as const) results[connections].push(await run(connections));
for (const connections of ["one", "two"] as const) {
  const median = (of: (result: JoinsResult) => number) => stats(results[connections].map(of))?.p50.toFixed(0);
  const columns = [
    median(({ allMs }) => allMs),
    median(({ cpuMs }) => cpuMs),
    median(({ heardMs }) => heardMs.p50),
    median(({ heardMs }) => heardMs.max),
  ];
  console.log(`| ${connections} | ${columns.join(" | ")} |`);
}
