import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ParleyProcess, parley } from "../test/parley-process.ts";

const echo = fileURLToPath(new URL("../test/agents/echo.ts", import.meta.url));
const patient = fileURLToPath(new URL("../test/agents/patient.ts", import.meta.url));
const READY = "Parley is ready at ";

let dir: string;
let running: ParleyProcess[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-start-"));
  running = [];
});
afterEach(async () => {
  for (const each of running) each.signal("SIGTERM");
  await Promise.all(running.map((each) => each.exit));
  rmSync(dir, { recursive: true, force: true });
});

const anywhere = { PARLEY_PORT: "0", PARLEY_LIVEKIT_PORT: "0", PARLEY_WORKER_PORT: "0", PARLEY_SHARDS: "1" };

function run(args: string[], env: NodeJS.ProcessEnv = {}): ParleyProcess {
  const each = parley(args, { ...anywhere, PARLEY_DATA: join(dir, "data"), ...env }, dir);
  running.push(each);
  return each;
}

async function callIn(page: string, body: object = {}): Promise<SimulatedCaller> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${page}/api/token`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(response.status).toBe(201);
  const { server_url: url, participant_token: token } = (await response.json()) as Record<string, string>;
  return SimulatedCaller.join({ url: url ?? "", token: token ?? "" });
}

describe("parley start", () => {
  it("brings everything up, carries a call, keeps its log, and ends everything on SIGTERM", async () => {
    const started = run(["start", echo]);
    const page = (await started.line(READY)).slice(READY.length);
    expect(started.stdout).toEqual(["worker registered", `${READY}${page}`]);
    expect((await fetch(`${page}/readyz`)).status).toBe(200);

    const caller = await callIn(page);
    await caller.onset(0);
    await caller.quiet();
    await caller.leave();
    const calls = async () => ((await (await fetch(`${page}/api/calls`)).json()) as { calls: object[] }).calls;
    await expect.poll(calls, { timeout: 15_000 }).toMatchObject([{ agent: "echo" }]);

    started.signal("SIGTERM");
    expect(await started.exit).toBe(0);
    for (const line of started.stderr) expect(() => JSON.parse(line), line).not.toThrow();
    await expect(fetch(`${page}/healthz`)).rejects.toThrow();

    // The same folder again: the same keys, the call is still there.
    const keys = readFileSync(join(dir, "data", "keys.json"), "utf8");
    const again = run(["start", echo]);
    const samePage = (await again.line(READY)).slice(READY.length);
    expect(readFileSync(join(dir, "data", "keys.json"), "utf8")).toBe(keys);
    const kept = (await (await fetch(`${samePage}/api/calls`)).json()) as { calls: object[] };
    expect(kept.calls).toMatchObject([{ agent: "echo" }]);
    again.signal("SIGINT");
    expect(await again.exit).toBe(0);
  });

  it("answers for agents that are made over HTTP, with a worker that starts with the first of them", async () => {
    const started = run(["start", echo]);
    const page = (await started.line(READY)).slice(READY.length);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ name: "Shop", greeting: "Hello, the shop.", tts: "local/flite" });
    const made = await fetch(`${page}/api/agents`, { method: "POST", headers, body });
    expect(made.status).toBe(201);
    const { agentId } = (await made.json()) as { agentId: string };
    const asked = { room_config: { agents: [{ agent_name: agentId }] } };
    const answer = () => fetch(`${page}/api/token`, { method: "POST", headers, body: JSON.stringify(asked) });
    await expect.poll(async () => (await answer()).status, { timeout: 60_000, interval: 200 }).toBe(201);
    const caller = await callIn(page, asked);
    await caller.onset(0, 20_000);
    await caller.leave();
    started.signal("SIGTERM");
    expect(await started.exit).toBe(0);
  });

  const postgresPid = (): number => {
    const lines = readFileSync(join(dir, "data", "postgres", "data", "postmaster.pid"), "utf8").split("\n");
    // Not one that is still starting: that may be one attempt of several.
    return lines[7]?.trim() === "ready" ? Number(lines[0]) : 0;
  };
  const pidOf = (part: string): number =>
    part === "livekit"
      ? JSON.parse(readFileSync(join(dir, "data", "livekit", "livekit.json"), "utf8")).server.pid
      : postgresPid();
  const otherPid = async (part: string, than: number): Promise<number> => {
    const now = (): number => {
      try {
        return pidOf(part) || than;
      } catch {
        return than;
      }
    };
    await expect.poll(now, { timeout: 60_000, interval: 50, message: `another ${part}` }).not.toBe(than);
    return now();
  };

  it("starts its livekit and its postgres again when they die, and a call goes on", async () => {
    const started = run(["start", patient]);
    const page = (await started.line(READY)).slice(READY.length);
    const caller = await callIn(page);
    await caller.onset(0);
    await caller.quiet();
    for (const part of ["postgres", "livekit"]) {
      const pid = pidOf(part);
      process.kill(pid, "SIGKILL");
      await otherPid(part, pid);
    }
    await caller.until(() => caller.agents.length === 1, 60_000, "the agent's being there again");
    const { endedAt } = await caller.speak(await speechClip("what time do you open on friday"), 16_000);
    await caller.onset(endedAt, 30_000);
    await caller.leave();
    const calls = async () => ((await (await fetch(`${page}/api/calls`)).json()) as { calls?: object[] }).calls;
    await expect.poll(calls, { timeout: 30_000 }).toMatchObject([{ agent: "patient", status: "live" }]);
  });

  it.each([
    ["livekit", /The embedded LiveKit server died/],
    ["postgres", /The embedded Postgres .* died/],
  ])("ends with exit code 1 and a named error when its %s keeps dying", async (part, message) => {
    const started = run(["start", echo]);
    await started.line(READY);
    for (let pid = pidOf(part), deaths = 0; deaths < 4; deaths++) {
      process.kill(pid, "SIGKILL");
      if (deaths < 3) pid = await otherPid(part, pid);
    }
    expect(await started.exit).toBe(1);
    expect(started.stderr.join("\n")).toMatch(message);
  });

  it("stops with exit code 2 and the name of the setting when its port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const started = run(["start", echo], { PARLEY_PORT: String(port) });
    expect(await started.exit).toBe(2);
    expect(started.stderr.join("\n")).toContain("PARLEY_PORT");
    expect(started.stdout).toEqual([]);
    other.close();
  });

  it("stops with exit code 2 when an agent cannot be loaded, and names the file", async () => {
    const file = join(dir, "broken.ts");
    writeFileSync(file, "throw new Error('the shop is closed');\n");
    const started = run(["start", file]);
    expect(await started.exit).toBe(2);
    expect(started.stderr.join("\n")).toMatch(/broken\.ts.*the shop is closed/);
  });

  it("in production embeds nothing and names what is missing", async () => {
    const started = run(["start", echo], { NODE_ENV: "production" });
    expect(await started.exit).toBe(2);
    const text = started.stderr.join("\n");
    for (const name of ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "DATABASE_URL"]) {
      expect(text).toContain(`${name} is not set`);
    }
  });
});

describe("parley dev", () => {
  it("starts a changed agent again, and waits for a correction of one that is broken", async () => {
    const agent = join(dir, "changing.ts");
    const write = (greeting: string) =>
      writeFileSync(agent, readFileSync(echo, "utf8").replace("Hello there.", greeting));
    write("Good morning.");
    const started = run(["dev", agent]);
    const page = (await started.line(READY)).slice(READY.length);
    const logged = (text: string) =>
      expect.poll(() => started.stderr.some((line) => line.includes(text)), { timeout: 20_000 }).toBe(true);
    writeFileSync(agent, "throw new Error('half-written');\n");
    await logged("half-written");
    write("Good evening.");
    await logged("the changed agent is registered");
    const caller = await callIn(page);
    const heard = () => [...caller.transcripts.values()].map(({ text }) => text);
    await caller.until(() => heard().includes("Good evening."), 20_000, "the new greeting");
    await caller.leave();
  });
});
