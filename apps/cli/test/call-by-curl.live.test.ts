import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { parley } from "../src/test/parley-process.ts";
import { root } from "./docs/pages.ts";

const READY = "Parley is ready at ";
const API_KEY = "the-root-key-of-this-test";

it("the example with plain curl makes a room, has a caller talk in it, ends the call and reads what was said", async () => {
  const dir = mkdtempSync(join(tmpdir(), "parley-curl-"));
  const started = parley(["start", join(root, "examples/receptionist.ts")], {
    PARLEY_PORT: "0",
    PARLEY_LIVEKIT_PORT: "0",
    PARLEY_WORKER_PORT: "0",
    PARLEY_SHARDS: "1",
    PARLEY_DATA: join(dir, "data"),
    PARLEY_API_KEY: API_KEY,
  });
  onTestFinished(async () => {
    started.signal("SIGTERM");
    await started.exit;
    rmSync(dir, { recursive: true, force: true });
  });
  const url = (await started.line(READY)).slice(READY.length);
  const env = { ...process.env, PARLEY_URL: url, PARLEY_API_KEY: API_KEY };
  const { stdout } = await promisify(execFile)(join(root, "examples/call-by-curl.sh"), { env, timeout: 100_000 });
  expect(stdout).toMatch(/is created\n/);
  expect(stdout).toMatch(/is active, its call is [\da-f-]{36}\n/);
  expect(stdout).toContain("ended\nended\n");
  const transcript = stdout.slice(stdout.indexOf("--- its transcript"));
  expect(transcript).toMatch(/agent: .*Garden Cafe/);
  expect(transcript).toMatch(/Ann: .*hours/i);
  expect(transcript).toMatch(/agent: We are (open|closed)/);
}, 150_000);
