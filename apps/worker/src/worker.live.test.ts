import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LiveWorkers, liveWorkers } from "./test/live-worker.ts";

let live: LiveWorkers;
beforeEach(async () => {
  live = await liveWorkers();
});
afterEach(() => live.close());

const said = (caller: SimulatedCaller) =>
  [...caller.transcripts.values()].filter(({ final }) => final).map(({ text }) => text);

async function ask(caller: SimulatedCaller): Promise<void> {
  const answers = said(caller).length;
  await caller.speak(await speechClip("what time do you open on friday"), 16_000);
  await caller.until(() => said(caller).length >= answers + 2, 15_000, "question and answer in the transcript");
}

async function health(port: number, path: string) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("a worker on a real livekit-server", () => {
  it("answers a caller, keeps the call's log and tells its health", async () => {
    const worker = await live.start("echo");
    expect(await health(worker.port, "/readyz")).toMatchObject({ status: 200, body: { registered: true, calls: 0 } });
    const caller = await live.call(worker.agentName, "one");
    expect(await health(worker.port, "/readyz")).toMatchObject({ body: { calls: 1, slots: { taken: 1 } } });
    await ask(caller);
    expect(said(caller)).toEqual(["Hello there.", "what time do you open", "We open at nine."]);

    expect(live.callFiles()).toEqual(["one.1.ndjson"]);
    const log = readFileSync(join(live.dataDir, "calls", "one.1.ndjson"), "utf8")
      .trim()
      .split("\n");
    expect(JSON.parse(log[0] ?? "")).toMatchObject({ type: "call-started", callId: "one", epoch: 1, seq: 1 });
    expect(worker.runningCalls).toBe(1);
  });

  it("drains: takes no new call, lets the running one finish, then is gone", async () => {
    const worker = await live.start("echo");
    const caller = await live.call(worker.agentName, "last");
    let drained = false;
    const done = worker.drain(60_000).then(() => {
      drained = true;
    });
    expect(await health(worker.port, "/readyz")).toMatchObject({ status: 503, body: { draining: true } });
    await ask(caller);
    expect(said(caller).at(-1)).toBe("We open at nine.");
    expect(drained).toBe(false);
    await caller.leave();
    await done;
    await expect(fetch(`http://127.0.0.1:${worker.port}/healthz`)).rejects.toThrow();
  });

  it("ends calls that outlast the drain's bound", async () => {
    const worker = await live.start("echo");
    const caller = await live.call(worker.agentName, "endless");
    await worker.drain(200);
    await caller.until(() => caller.agents.length === 0, 5_000, "the agent's leaving");
    const log = readFileSync(join(live.dataDir, "calls", "endless.1.ndjson"), "utf8")
      .trim()
      .split("\n");
    expect(JSON.parse(log.at(-1) ?? "")).toMatchObject({ type: "call-closed", reason: "worker-stopped" });
  });

  it("keeps an author's stray errors to themselves", async () => {
    const worker = await live.start("stray");
    const caller = await live.call(worker.agentName, "quiet");
    const other = await live.call(worker.agentName, "other");
    await ask(caller);
    await ask(other);
    expect(worker.runningCalls).toBe(2);
  });

  it("takes no more than its cap, and room again when a call ends", async () => {
    const worker = await live.start("echo", { MAX_CONCURRENT_JOBS: "1" });
    const first = await live.call(worker.agentName, "first");
    await expect(live.call(worker.agentName, "second", 4_000)).rejects.toThrow("agent's voice");
    await first.leave();
    await expect.poll(() => worker.runningCalls, { timeout: 10_000 }).toBe(0);
    await live.call(worker.agentName, "third");
  });

  it.each(["slow-start", "slower-start"])(
    "is registered while %s loads its models, and serves who calls then",
    async (agent) => {
      const order: string[] = [];
      const early = Promise.withResolvers<SimulatedCaller>();
      const announce = (): void => {
        order.push("registered");
        live.call(agent, "early").then(early.resolve, early.reject);
      };
      const worker = await live.start(agent, {}, { announce });
      order.push("warm");
      const caller = await early.promise;
      expect(order).toEqual(["registered", "warm"]);
      expect(said(caller)).toEqual(["Hello there."]);
      await ask(caller);
      expect(caller.agents).toHaveLength(1);
      expect(worker.runningCalls).toBe(1);
    },
  );

  it("does not start when its models don't come, though it was registered", async () => {
    await expect(live.start("never-warm")).rejects.toThrow("the models did not come");
  });

  it.each([
    ["broken", /broken\.ts.*the shop is closed/s],
    ["no-such-agent", /no-such-agent\.ts/],
  ])("does not start with the agent %s and names the file", async (agent, message) => {
    await expect(live.start(agent)).rejects.toMatchObject({
      category: "configuration",
      message: expect.stringMatching(message),
    });
  });

  it("does not start with a wrong key, and names the settings", async () => {
    const wrong = { LIVEKIT_API_SECRET: "another-secret-of-32-characters-or-more-x" };
    await expect(live.start("echo", wrong)).rejects.toMatchObject({
      category: "configuration",
      message: expect.stringMatching(/LIVEKIT_API_KEY.*LIVEKIT_API_SECRET/),
    });
  });

  it("gives up a server that is not there within CONNECTION_TIMEOUT", async () => {
    const nowhere = { LIVEKIT_URL: "ws://127.0.0.1:9", CONNECTION_TIMEOUT: "1500" };
    await expect(live.start("echo", nowhere)).rejects.toMatchObject({
      code: "livekit-unreachable",
      message: expect.stringContaining("LIVEKIT_URL=ws://127.0.0.1:9"),
    });
  });
});
