import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { mintToken, roomConfigFor, SimulatedCaller, startLiveKitServer } from "@parley/livekit";
import { expect, onTestFinished, test, vi } from "vitest";

const keys = { LIVEKIT_API_KEY: "testkey", LIVEKIT_API_SECRET: "a-secret-for-tests-of-32-characters-or-more" };
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const MAIN = path.resolve(import.meta.dirname, "../src/main.js");
const AGENT = path.resolve(import.meta.dirname, "agents/measured.ts");
const CALL = "the-call-of-this-test";
const ROOM = "the-room-of-this-test";

function worker(env: NodeJS.ProcessEnv): { child: ChildProcess; lines: string[] } {
  const child = spawn(process.execPath, [MAIN, "worker", AGENT], { env, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let rest = "";
  child.stderr.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  child.stdout.on("data", (chunk: Buffer) => void lines.push(chunk.toString()));
  return { child, lines };
}

test("every line of the worker's and its shards' logs about a call carries its callId", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "parley-logs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [apiKey, apiSecret] = [keys.LIVEKIT_API_KEY, keys.LIVEKIT_API_SECRET];
  const livekit = await startLiveKitServer({
    dataDir: path.join(folder, "lk"),
    apiKey,
    apiSecret,
    port: 0,
    log: silent,
  });
  onTestFinished(() => livekit.stop());
  const { child, lines } = worker({
    ...process.env,
    ...keys,
    LIVEKIT_URL: livekit.url,
    PARLEY_DATA: path.join(folder, "data"),
    PARLEY_WORKER_PORT: "0",
    PARLEY_SHARDS: "1",
    PARLEY_LOG_LEVEL: "trace",
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  await vi.waitFor(() => expect(lines.join()).toContain("worker registered"), { timeout: 60_000 });
  const roomConfig = roomConfigFor([{ agentName: "measured", metadata: JSON.stringify({ callId: CALL }) }]);
  const token = await mintToken({ apiKey, apiSecret, room: ROOM, identity: "caller", roomConfig });
  const caller = await SimulatedCaller.join({ url: livekit.url, token });
  onTestFinished(() => caller.leave());
  const said = (text: string) => [...caller.transcripts.values()].some((one) => one.final && one.text === text);
  await caller.until(() => said("Hello there."), 20_000, "the greeting");
  // Something that goes wrong is told of, too.
  await caller.sendChat("Please break.");
  await caller.quiet();
  await caller.leave();
  await vi.waitFor(() => expect(lines.join()).toContain("call ended"), { timeout: 20_000 });

  const told = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const jobIds = new Set(told.flatMap(({ callId, jobId }) => (callId === CALL && jobId ? [jobId] : [])));
  const about = told.filter((line) => {
    const text = JSON.stringify(line);
    return [CALL, ROOM, ...jobIds].some((name) => text.includes(name));
  });
  expect(about.length).toBeGreaterThanOrEqual(2);
  expect(about.filter(({ callId }) => callId !== CALL)).toEqual([]);
});
