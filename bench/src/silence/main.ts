/**
 * Program: what a published voice costs its process while it speaks, and in the silence after that, by its Opus bitrate.
 * `node bench/src/silence/main.ts [--voices 10] [--bitrates 32000,64000,80000] [--rounds 3]`
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { startLiveKitServer } from "@parley/livekit";
import { stats } from "../stats.ts";

const { values } = parseArgs({
  options: {
    voices: { type: "string", default: "10" },
    bitrates: { type: "string", default: "32000,64000,80000" },
    rounds: { type: "string", default: "3" },
  },
});
const apiKey = "bench";
const apiSecret = "bench-secret-bench-secret-bench-secret";
const VOICES = path.join(import.meta.dirname, "voices.ts");
const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** CPU cores for each voice of a process that does nothing else. */
async function run(url: string, bitrate: string, what: "silent" | "speaking"): Promise<number> {
  const args = [VOICES, url, apiKey, apiSecret, values.voices, bitrate, what];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  return Number(stdout.trim().split("\n").at(-1)) / Number(values.voices);
}

const dataDir = mkdtempSync(path.join(tmpdir(), "parley-silence-"));
const server = await startLiveKitServer({ dataDir, apiKey, apiSecret, port: 0, log });
try {
  console.log(`${values.voices} voices, CPU cores of each; medians of ${values.rounds} runs\n`);
  console.log("| bitrate | silent | speaking |");
  console.log("| ---: | ---: | ---: |");
  for (const bitrate of values.bitrates.split(",")) {
    const cores = { silent: [] as number[], speaking: [] as number[] };
    for (let round = 0; round < Number(values.rounds); round++)
      for (const what of ["silent", "speaking"] as const) cores[what].push(await run(server.url, bitrate, what));
    const median = (of: readonly number[]) => stats(of)?.p50.toFixed(4);
    console.log(`| ${bitrate} | ${median(cores.silent)} | ${median(cores.speaking)} |`);
  }
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
