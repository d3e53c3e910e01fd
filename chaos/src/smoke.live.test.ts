import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { EventVerdict } from "./judge/event.ts";

const run = promisify(execFile);

it("a shard dies under two live calls: both go on, and their logs are whole", { timeout: 240_000 }, async () => {
  const out = mkdtempSync(path.join(tmpdir(), "parley-chaos-test-"));
  try {
    const args = "--only shard-kill --calls 2 --rounds 1 --seed 1 --out".split(" ");
    // Exits with 1, and says why, when a promise was broken.
    await run(process.execPath, [path.join(import.meta.dirname, "main.ts"), ...args, out], { timeout: 230_000 });
    const { events } = JSON.parse(readFileSync(path.join(out, "events.json"), "utf8")) as { events: EventVerdict[] };
    const calls = events.flatMap((event) => event.calls);
    expect(calls).toHaveLength(2);
    expect(calls.map(({ hit, recoveries }) => recoveries === (hit ? 1 : 0))).toEqual([true, true]);
    expect(calls.some(({ hit }) => hit)).toBe(true);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
