import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { recorderFor } from "./recorder-for.ts";

test("where Egress records, calls go as if they were recorded here, and nothing is kept", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-egress-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const dir = join(folder, "recordings");
  const recorder = recorderFor("egress", { dir, maxMb: 1 } as never, pino({ level: "silent" }));
  const recording = recorder?.open({ callId: "c", epoch: 1, voiceRateHz: 24_000, now: () => 0, failed() {} });
  recording?.hears("ann", new Int16Array(320));
  recording?.close();
  await recorder?.close();
  expect([recorder === null, existsSync(dir)]).toEqual([false, false]);
  expect(recorderFor("off", { dir, maxMb: 1 } as never, pino({ level: "silent" }))).toBe(null);
});
