import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type LiveKitServerProcess,
  mintAgentToken,
  mintToken,
  roomConfigFor,
  SimulatedCaller,
  startLiveKitServer,
} from "@parley/livekit";
import { createLog } from "@parley/worker/log";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ParleyProcess, parley } from "../test/parley-process.ts";

const echo = fileURLToPath(new URL("../test/agents/echo.ts", import.meta.url));
const keys = { apiKey: "testkey", apiSecret: "a-secret-for-tests-of-32-characters-or-more" };

let dir: string;
let livekit: LiveKitServerProcess;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "parley-cli-worker-"));
  livekit = await startLiveKitServer({ dataDir: dir, ...keys, port: 0, log: createLog("test", "warn") });
  return async () => {
    await livekit.stop();
    rmSync(dir, { recursive: true, force: true });
  };
});
const running: ParleyProcess[] = [];
afterAll(() => {
  for (const each of running) each.signal("SIGKILL");
});

function worker(env: NodeJS.ProcessEnv = {}): ParleyProcess {
  const each = parley(["worker", echo], {
    LIVEKIT_URL: livekit.url,
    LIVEKIT_API_KEY: keys.apiKey,
    LIVEKIT_API_SECRET: keys.apiSecret,
    PARLEY_DATA: dir,
    PARLEY_WORKER_PORT: "0",
    PARLEY_SHARDS: "1",
    ...env,
  });
  running.push(each);
  return each;
}

async function call(started: ParleyProcess, room: string): Promise<SimulatedCaller> {
  const roomConfig = roomConfigFor([{ agentName: "echo" }]);
  const token = await mintToken({ ...keys, room, identity: "me", roomConfig });
  const caller = await SimulatedCaller.join({ url: livekit.url, token });
  try {
    await caller.onset(0);
  } catch (cause) {
    throw new Error(`nobody answered; the worker said:\n${started.stderr.join("\n")}`, { cause });
  }
  return caller;
}

describe("parley worker", () => {
  it("joins the room of a ready-made token, without a secret, as whom the token names", async () => {
    const room = "by-token";
    const mine = await mintAgentToken({ ...keys, room, identity: "agent-of-the-token" });
    const started = worker({ LIVEKIT_TOKEN: mine, LIVEKIT_API_KEY: "", LIVEKIT_API_SECRET: "" });
    await started.line("worker registered");
    const caller = await call(started, room);
    expect(caller.agents).toEqual(["agent-of-the-token"]);
    await caller.leave();
    started.signal("SIGTERM");
    expect(await started.exit).toBe(0);
  });

  it("names a token that is none, or that has expired", async () => {
    const expired = await mintAgentToken({ ...keys, room: "r", identity: "agent-x", ttlSeconds: -5 });
    for (const [token, said] of [
      ["nonsense", /LIVEKIT_TOKEN=<8 characters, hidden>: must be a LiveKit token/],
      [expired, /LIVEKIT_TOKEN=<\d+ characters, hidden>: it expired at/],
    ] as const) {
      const started = worker({ LIVEKIT_TOKEN: token });
      expect(await started.exit).toBe(2);
      expect(started.stderr.join("\n")).toMatch(said);
    }
  });

  it("prints one line, logs JSON with call ids, drains on SIGTERM and exits 0", async () => {
    const started = worker();
    await started.line("worker registered");
    const caller = await call(started, "drained");
    started.signal("SIGTERM");
    await expect.poll(() => started.stderr.some((line) => line.includes("draining")), { timeout: 10_000 }).toBe(true);
    expect(caller.agents).toHaveLength(1);
    await caller.leave();
    expect(await started.exit).toBe(0);
    expect(started.stdout).toEqual(["worker registered"]);
    const lines = started.stderr.map((line) => JSON.parse(line) as { msg: string; callId?: string });
    expect(lines.find(({ msg }) => msg === "call ended")?.callId).toMatch(/^[\w-]+$/);
    expect(lines.some(({ msg }) => msg.includes("call logs stay in") && msg.includes("PARLEY_CALLS_MAX_MB"))).toBe(
      true,
    );
  });

  it("ends at once on a second signal", async () => {
    const started = worker();
    await started.line("worker registered");
    const caller = await call(started, "cut-short");
    started.signal("SIGTERM");
    await expect.poll(() => started.stderr.some((line) => line.includes("draining")), { timeout: 10_000 }).toBe(true);
    // A wrapper's echo of the first signal comes at once and means nothing; this one is meant.
    await new Promise((resolve) => setTimeout(resolve, 700));
    started.signal("SIGTERM");
    expect(await started.exit).toBe(0);
    await caller.until(() => caller.agents.length === 0, 5_000, "the agent's leaving");
    await caller.leave();
  });

  it.each([
    [{ LIVEKIT_API_SECRET: "another-secret-of-32-characters-or-more-x" }, /LIVEKIT_API_SECRET/],
    [{ MAX_CONCURRENT_JOBS: "few" }, /MAX_CONCURRENT_JOBS="few": must be a whole number/],
    [{ PARLEY_WORKER_PROT: "1" }, /PARLEY_WORKER_PROT="1": unknown setting; did you mean PARLEY_WORKER_PORT/],
    [{ LIVEKIT_URL: "" }, /LIVEKIT_URL is not set/],
    [{ BACKEND_URL: "http://127.0.0.1:1" }, /PARLEY_WORKER_KEY is not set/],
  ])("exits 2 on wrong configuration %j", async (env, message) => {
    const started = worker(env);
    expect(await started.exit).toBe(2);
    expect(started.stderr.join("\n")).toMatch(message);
    expect(started.stderr.join("\n")).not.toContain("another-secret");
    expect(started.stdout).toEqual([]);
  });
});
