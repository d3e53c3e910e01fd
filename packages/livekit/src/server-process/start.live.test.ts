import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { KEY, SECRET } from "../test/live-server.ts";
import { endProcess } from "./end-process.ts";
import { processStart } from "./process-identity.ts";
import { isHealthy } from "./ready.ts";
import { type LiveKitServerOptions, type LiveKitServerProcess, startLiveKitServer } from "./start.ts";

let dataDir: string;
let running: LiveKitServerProcess[];
const children: ChildProcess[] = [];
const orphans: { pid: number; start: string | null }[] = [];

const start = async (more: Partial<LiveKitServerOptions> = {}) => {
  const server = await startLiveKitServer({
    dataDir,
    apiKey: KEY,
    apiSecret: SECRET,
    port: 0,
    log: silentLog,
    ...more,
  });
  running.push(server);
  return server;
};

/** Another process starts a server in our folder and is killed without a chance to clean up. */
async function orphan(): Promise<{ pid: number; port: number }> {
  const script = `
    import { startLiveKitServer } from ${JSON.stringify(import.meta.resolve("./start.ts"))};
    import { silentLog } from ${JSON.stringify(import.meta.resolve("../log.ts"))};
    const server = await startLiveKitServer({ dataDir: ${JSON.stringify(dataDir)}, apiKey: ${JSON.stringify(KEY)},
      apiSecret: ${JSON.stringify(SECRET)}, port: 0, log: silentLog });
    console.log(JSON.stringify({ pid: server.pid, port: server.port }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "exit");
  const left = JSON.parse(line.toString()) as { pid: number; port: number };
  orphans.push({ pid: left.pid, start: processStart(left.pid) });
  return left;
}

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-livekit-"));
  running = [];
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const server of running) await server.stop();
  // Those that the test did not adopt or end.
  for (const { pid, start } of orphans.splice(0)) if (start !== null) await endProcess(pid, start);
  rmSync(dataDir, { recursive: true, force: true });
});

it("starts, is healthy, keeps its secret private, and is gone after stop", async () => {
  const server = await start();
  expect(server.adopted).toBe(false);
  expect(await isHealthy(server.port)).toBe(true);
  expect(statSync(join(dataDir, "livekit.yaml")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(dataDir, "livekit.json"), "utf8")).not.toContain(SECRET);
  await Promise.all([server.stop(), server.stop()]);
  expect(await isHealthy(server.port)).toBe(false);
  expect(processStart(server.pid)).toBeNull();
  expect(existsSync(join(dataDir, "livekit.json"))).toBe(false);
});

it("adopts the healthy server of a start that was killed", async () => {
  const left = await orphan();
  const server = await start();
  expect(server).toMatchObject({ adopted: true, pid: left.pid, port: left.port });
  await server.stop();
  expect(processStart(left.pid)).toBeNull();
});

it("ends an orphan that was started with other keys", async () => {
  const left = await orphan();
  const server = await start({ apiSecret: "another-secret-of-at-least-32-characters" });
  expect(server.adopted).toBe(false);
  expect(server.pid).not.toBe(left.pid);
  expect(processStart(left.pid)).toBeNull();
});

it("leaves a process alone that only has the recorded pid", async () => {
  const stranger = spawn("sleep", ["60"]);
  children.push(stranger);
  const record = { pid: stranger.pid, start: processStart(stranger.pid!) };
  writeFileSync(
    join(dataDir, "livekit.json"),
    JSON.stringify({
      server: record,
      owner: { pid: 2 ** 22, start: "1" },
      port: 1,
      udpPort: 2,
      fingerprint: "",
      container: null,
    }),
  );
  const server = await start();
  expect(server.adopted).toBe(false);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

it("refuses a folder whose server's owner still runs", async () => {
  const first = await start();
  await expect(start()).rejects.toMatchObject({
    code: "livekit-data-in-use",
    message: expect.stringContaining(`port ${first.port}`),
  });
});

it("refuses a taken port by name and leaves nothing behind", async () => {
  const first = await start();
  const other = join(dataDir, "other");
  await expect(start({ dataDir: other, port: first.port, portSetting: "PARLEY_LIVEKIT_PORT" })).rejects.toMatchObject({
    code: "livekit-port-in-use",
    message: expect.stringMatching(new RegExp(`${first.port}.*PARLEY_LIVEKIT_PORT`)),
  });
  expect(existsSync(join(other, "livekit.json"))).toBe(false);
});

it("shows the end of the server's log when it does not come up", async () => {
  const broken = join(dataDir, "broken");
  writeFileSync(broken, "#!/bin/sh\necho 'cannot find my shoes' >&2\nexit 3\n", { mode: 0o755 });
  await expect(start({ binary: { kind: "program", path: broken } })).rejects.toMatchObject({
    code: "livekit-start-failed",
    message: expect.stringContaining("cannot find my shoes"),
  });
});

it("tells when the server ends by itself, and not when it is stopped", async () => {
  const ends: string[] = [];
  const stopped = await start({ onExit: (reason) => ends.push(reason) });
  await stopped.stop();
  await delay(700);
  expect(ends).toEqual([]);
  const ended = Promise.withResolvers<string>();
  const server = await start({ onExit: ended.resolve });
  process.kill(server.pid, "SIGKILL");
  expect(await ended.promise).toContain(String(server.pid));
});
