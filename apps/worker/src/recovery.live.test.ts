import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Fact, historyOf, replayFacts } from "@parley/conversation";
import { lineSeal, readCallFiles } from "@parley/engine";
import type { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LiveWorkers, liveWorkers } from "./test/live-worker.ts";

let live: LiveWorkers;
beforeEach(async () => {
  live = await liveWorkers();
});
afterEach(() => live.close());

/** One of the calls is kept in sealed files. */
const FILES_KEY = randomBytes(32).toString("base64");
const SENTENCE = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.";

interface ShardHealth {
  shardId: number;
  pid: number;
  state: string;
  calls: number;
}

async function shards(port: number): Promise<ShardHealth[]> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`);
  return ((await response.json()) as { shards: ShardHealth[] }).shards;
}

/** The whole log of a call, over all its epochs. */
async function facts(callId: string): Promise<Fact[]> {
  const dir = join(live.dataDir, "calls");
  const paths = readdirSync(dir).filter((name) => name.startsWith(`${callId}.`) && name.endsWith(".ndjson"));
  const reading = await readCallFiles(
    paths.map((name) => join(dir, name)),
    [],
    lineSeal([FILES_KEY]),
  );
  expect(reading.problems).toEqual([]);
  return reading.facts;
}

const count = (log: readonly Fact[], type: Fact["type"]) => log.filter((fact) => fact.type === type).length;

/** Asks, and returns once the long answer is being heard. */
async function intoTheAnswer(caller: SimulatedCaller): Promise<void> {
  const { endedAt } = await caller.speak(await speechClip("please count for me"), 16_000);
  await caller.onset(endedAt, 20_000);
  await new Promise((resolve) => setTimeout(resolve, 700));
}

/** One log without a hole, whose rules agree with it; the sentence is remembered once and whole. */
async function expectWholeCall(callId: string, recoveries: number): Promise<void> {
  const log = await facts(callId);
  expect(log.map((fact) => fact.seq)).toEqual(log.map((_, index) => index + 1));
  expect(count(log, "call-started")).toBe(1);
  expect(count(log, "call-recovered")).toBe(recoveries);
  expect(replayFacts(log).differences).toEqual([]);
  const said = historyOf(log).flatMap((message) => ("text" in message ? [message.text] : []));
  expect(said.join(" ")).toContain(SENTENCE);
}

describe("a call whose process dies", () => {
  it("goes on in another shard, in the middle of a sentence, within a second", { timeout: 120_000 }, async () => {
    const worker = await live.start("long-winded", { PARLEY_SHARDS: "2", PARLEY_FILES_KEY: FILES_KEY });
    const caller = await live.call(worker.agentName, "cut");
    await intoTheAnswer(caller);
    const busy = (await shards(worker.port)).find(({ calls }) => calls === 1);
    const killedAt = performance.now();
    process.kill(busy?.pid ?? 0, "SIGKILL");
    // What was on its way when it died still sounds.
    await caller.onset(killedAt + 250, 15_000);
    await caller.quiet();
    await expectWholeCall("cut", 1);
    const raw = live.callFiles().map((name) => readFileSync(join(live.dataDir, "calls", name), "utf8"));
    expect(raw.map((text) => /call-started|please|twelve/.test(text))).toEqual([false, false]);
    expect(caller.agents).toHaveLength(1);
    expect(worker.runningCalls).toBe(1);

    await intoTheAnswer(caller);
    await caller.leave();
    await expect.poll(() => worker.runningCalls, { timeout: 20_000 }).toBe(0);
    expect((await facts("cut")).at(-1)).toMatchObject({ type: "call-closed", reason: "participant-left", epoch: 2 });
  });

  it.each([
    ["stopped", (pid: number) => process.kill(pid, "SIGSTOP")],
    ["stuck in the author's endless loop", null],
  ])("goes on when its shard is %s", { timeout: 120_000 }, async (_how, stop) => {
    const worker = await live.start("long-winded", { PARLEY_SHARDS: "2" });
    const [caller, other] = [await live.call(worker.agentName, "held"), await live.call(worker.agentName, "free")];
    const shardOf = new Map((await shards(worker.port)).map(({ shardId, pid }) => [shardId, pid]));
    expect(shardOf.size).toBe(2);
    const before = [...shardOf.values()];
    if (stop) stop(before[0] ?? 0);
    else await caller.sendChat("hang");
    const wentOn = async () => {
      const now = await shards(worker.port);
      return (
        now.length === 2 && now.every(({ state }) => state === "ready") && now.some(({ pid }) => !before.includes(pid))
      );
    };
    await expect.poll(wentOn, { timeout: 40_000, interval: 200 }).toBe(true);
    for (const each of [caller, other]) {
      await expect.poll(() => each.agents.length, { timeout: 20_000 }).toBe(1);
      await intoTheAnswer(each);
      await each.quiet();
    }
    expect(worker.runningCalls).toBe(2);
    const recovered = count(await facts("held"), "call-recovered") + count(await facts("free"), "call-recovered");
    expect(recovered).toBe(1);
  });

  it("is told goodbye when it breaks every process, and takes no other call with it", {
    timeout: 180_000,
  }, async () => {
    const worker = await live.start("long-winded", { PARLEY_SHARDS: "2" });
    const poisoned = await live.call(worker.agentName, "poison", 20_000, { poison: true });
    const other = await live.call(worker.agentName, "healthy");
    await poisoned.sendChat("crash");
    await expect
      .poll(async () => (await facts("poison")).at(-1), { timeout: 90_000, interval: 500 })
      .toMatchObject({
        type: "call-closed",
        reason: "recovered-too-often",
      });
    const log = await facts("poison");
    expect(count(log, "call-recovered")).toBe(3);
    const farewell = historyOf(log).at(-1);
    expect(farewell).toMatchObject({ role: "assistant", text: expect.stringContaining("Please call again") });
    await intoTheAnswer(other);
    await other.quiet();
    await expectWholeCall("healthy", count(await facts("healthy"), "call-recovered"));
    expect(count(await facts("healthy"), "call-recovered")).toBeLessThanOrEqual(1);
    expect(worker.runningCalls).toBe(1);
  });
});
