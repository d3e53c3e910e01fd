import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsSchema } from "@parley/conversation";
import { type CallAgent, readFileLog } from "@parley/engine";
import { callStarted } from "@parley/testkit/facts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WorkerConfig } from "../config.ts";
import { createLog } from "../log.ts";
import type { CallAssignment } from "../messages.ts";
import { openCall } from "./open-call.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-open-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const others = { colleagues: [], transferElsewhere: () => Promise.reject(new Error("nobody")), arrival: null };
const envelope = { callId: "c", epoch: 1, at: 0, version: 1 };
const started = { ...envelope, seq: 1, ...callStarted({ agent: "shop", room: "r" }) };

function goOn(lines: readonly object[]) {
  const path = join(dir, "c.1.ndjson");
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const recovery = { logPaths: [path], copied: false, by: "test", farewell: false };
  const assignment = { callId: "c", epoch: 2, logPath: join(dir, "c.2.ndjson"), recovery } as unknown as CallAssignment;
  const agent = { settings: settingsSchema.parse({}) } as CallAgent;
  const config = { filesKeys: [] as readonly string[] } as WorkerConfig;
  const lease = { isHeld: () => true, confirm: async () => true };
  const watch = { onFact() {}, onEphemeral() {} };
  const log = createLog("test", "silent");
  return openCall(assignment, { config, agent, lease, log, watch, recorder: null, ...others });
}

describe("a call whose log cannot be gone on from", () => {
  it.each([
    [
      "a newer Parley has written to it",
      [started, { ...envelope, seq: 2, type: "call-started", version: 99 }],
      { code: "log-unreadable", message: expect.stringContaining("version 99") },
    ],
    [
      "its beginning is missing",
      [{ ...envelope, seq: 7, type: "interrupt-requested", by: "x" }],
      { code: "log-unreadable", message: expect.stringContaining("beginning is missing") },
    ],
    [
      "it was over",
      [started, { ...envelope, seq: 2, type: "call-closed", reason: "agent" }],
      { code: "call-over", category: "cancelled" },
    ],
  ])("is not begun anew: %s", async (_why, lines, error) => {
    await expect(goOn(lines)).rejects.toMatchObject(error);
  });
});

it("a session waits for its next turn as long as it is told to, greets nobody, misses nobody and records nothing", async () => {
  const logPath = join(dir, "c.1.ndjson");
  const nobody = { agentId: null, tenantId: null, language: null, from: null, to: null };
  const context = { ...nobody, room: "session~c", metadata: { sessionIdleMs: 1_000 } };
  const assignment = { callId: "c", epoch: 1, logPath, recovery: null, context } as unknown as CallAssignment;
  const agent = {
    name: "shop",
    instructions: "",
    greeting: "Hello.",
    language: "en",
    tools: [],
    hooks: {},
    settings: settingsSchema.parse({ recording: { mode: "on" }, closing: { graceMs: 9 } }),
    timeouts: {},
  } as unknown as CallAgent;
  const lease = { isHeld: () => true, confirm: async () => true };
  const watch = { onFact() {}, onEphemeral() {} };
  const parts = {
    config: { filesKeys: [] as readonly string[] } as WorkerConfig,
    agent,
    lease,
    log: createLog("test", "silent"),
    watch,
    recorder: null,
    ...others,
  };
  const call = await openCall(assignment, parts);
  await call.start();
  call.close("test");
  await call.done;
  expect(readFileLog(logPath).facts[0]).toMatchObject({
    greeting: null,
    settings: { closing: { graceMs: 1_000, joinMs: 1_000 }, away: { afterMs: 0 }, recording: { mode: "off" } },
  });
});
