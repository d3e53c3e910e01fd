import { describe, expect, it } from "vitest";
import type { AgentSummary, CallAssignment } from "./messages.ts";
import { agent, QUIET_BEAT, settle, setUp } from "./test/fake-shards.ts";

describe("the shard pool", () => {
  it("has started when one shard is warm, and not before; the others follow", async () => {
    const { pool, forked, ready } = setUp(2);
    let summary: AgentSummary | undefined;
    const start = pool.start().then((value) => {
      summary = value;
    });
    await settle();
    expect(forked.map((shard) => shard.sent[0]?.type)).toEqual(["boot"]);
    expect(summary).toBeUndefined();
    ready(forked[0]);
    await start;
    expect(summary).toEqual(agent);
    expect(forked.map((shard) => shard.sent[0]?.type)).toEqual(["boot", "boot"]);
    expect(pool.shards.map(({ state }) => state)).toEqual(["ready", "starting"]);
  });

  it("tries again when one of the others does not start", async () => {
    const { clock, forked, ready, pool } = setUp(2);
    const start = pool.start();
    ready(forked[0]);
    await start;
    forked[1]?.die("exited with 1");
    await settle();
    clock.advance(0);
    expect(forked).toHaveLength(3);
  });

  it("grows with the calls, once the first has joined, and gives back what nobody wants for long", async () => {
    const { pool, clock, forked, started, ready } = setUp(2, 1);
    const beat = {
      calls: 0,
      loopBusy: 0,
      loopDelayMs: 0,
      loopDelayP50Ms: 0,
      cpuMs: 0,
      cpuCores: 0,
      rssBytes: 0,
      resources: {},
    };
    const pass = (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        for (const shard of forked) shard.say({ type: "beat", beat });
        clock.advance(1_000);
      }
    };
    await started();
    pass(60);
    expect(forked).toHaveLength(1);
    pool.fit(1, 0);
    clock.advance(1_499);
    expect(forked).toHaveLength(1);
    clock.advance(1);
    expect(forked).toHaveLength(2);
    ready(forked[1]);
    await settle();
    for (let calls = 2; calls < 20; calls++) pool.fit(calls, 0);
    pass(10);
    expect(forked).toHaveLength(2);
    pool.fit(0, 0);
    pass(299);
    pool.fit(1, 0);
    pool.fit(0, 0);
    pass(299);
    expect(pool.shards.map(({ outgoing }) => outgoing)).toEqual([false, false]);
    pass(1);
    expect(pool.shards.map(({ outgoing }) => outgoing)).toEqual([true, false]);
    pass(15);
    expect(forked.map((shard) => shard.sent.at(-1)?.type)).toEqual(["close", "boot"]);
    forked[0]?.die("exited with 0");
    await settle();
    pass(10);
    expect(pool.shards.map(({ shardId }) => shardId)).toEqual([2]);
    expect(forked).toHaveLength(2);
  });

  it("lets those who call in one moment join before it grows, for so long", async () => {
    const { pool, clock, forked, started } = setUp(2, 1);
    await started();
    pool.fit(10, 10);
    clock.advance(1_500);
    pool.fit(10, 1);
    clock.advance(1_000);
    expect(forked).toHaveLength(1);
    pool.fit(10, 0);
    clock.advance(250);
    expect(forked).toHaveLength(2);
  });

  it("does not wait for joins that never end", async () => {
    const { pool, clock, forked, started } = setUp(2, 1);
    await started();
    pool.fit(10, 10);
    clock.advance(5_999);
    expect(forked).toHaveLength(1);
    clock.advance(1);
    expect(forked).toHaveLength(2);
  });

  it("starts no more shards once it is closed, however many are wanted", async () => {
    const { pool, clock, forked, started } = setUp(8, 1);
    await started();
    pool.fit(20, 0);
    clock.advance(1_500);
    expect(forked).toHaveLength(2);
    void pool.close("worker-stopped", 10);
    await settle();
    clock.advance(60_000);
    await settle();
    expect(forked).toHaveLength(2);
  });

  it("tells who the agent is as soon as a shard knows, and starts when one is warm", async () => {
    const { pool, forked, named, warm, ready } = setUp(1);
    const start = pool.start();
    forked[0]?.say({ type: "named", agent });
    expect([named, warm]).toEqual([["shop"], []]);
    expect(pool.shards[0]?.state).toBe("starting");
    ready(forked[0]);
    expect(await start).toEqual(agent);
  });

  it("does not start with an agent that cannot be loaded, and says what the shard said", async () => {
    const { pool, clock, forked } = setUp(2);
    const start = pool.start();
    forked[0]?.say({ type: "load-failed", code: "agent-load-failed", message: "shop.ts: boom", configuration: true });
    forked[0]?.die("exited with 2");
    await expect(start).rejects.toMatchObject({ message: "shop.ts: boom", category: "configuration" });
    await pool.close("start failed", 10);
    clock.advance(60_000);
    expect(forked).toHaveLength(1);
  });

  it("replaces a dead shard at once and tells of its death first", async () => {
    const { pool, clock, forked, gone, started, ready } = setUp(2);
    await started();
    forked[0]?.die("killed by SIGKILL");
    await settle();
    expect(gone).toEqual(["1 killed by SIGKILL"]);
    clock.advance(0);
    expect(forked).toHaveLength(3);
    expect(pool.shards.map(({ shardId, state }) => `${shardId} ${state}`)).toEqual(["2 ready", "3 starting"]);
    ready(forked[2]);
    expect(pool.shards.map((shard) => shard.state)).toEqual(["ready", "ready"]);
    expect(pool.crashLooping).toBe(false);
  });

  it("lets others take up a dead shard's calls before it starts another, unless they die, too", async () => {
    const { pool, clock, forked, started } = setUp(2);
    await started();
    for (const shardId of [1, 2])
      pool.send(shardId, { type: "run", call: { jobId: `of ${shardId}` } as CallAssignment });
    forked[0]?.die("killed by SIGKILL");
    await settle();
    clock.advance(2_000);
    expect(forked).toHaveLength(2);
    forked[1]?.die("killed by SIGKILL");
    await settle();
    expect(forked).toHaveLength(3);
    clock.advance(1_000);
    expect(forked).toHaveLength(4);
    clock.advance(10_000);
    expect(forked).toHaveLength(4);
  });

  it("backs off in a crash loop, says so, and recovers from it", async () => {
    const { pool, clock, forked, started, ready } = setUp(1);
    await started();
    const pauses: number[] = [];
    for (let death = 0; death < 5; death++) {
      const before = forked.length;
      forked.at(-1)?.die("exited with 1");
      await settle();
      let waited = 0;
      for (clock.advance(0); forked.length === before; waited += 100) clock.advance(100);
      pauses.push(waited);
    }
    expect(pauses).toEqual([0, 1_000, 2_000, 4_000, 8_000]);
    expect(pool.crashLooping).toBe(true);
    ready(forked.at(-1));
    for (let second = 0; second < 60; second++) {
      const beat = QUIET_BEAT;
      forked.at(-1)?.say({ type: "beat", beat });
      clock.advance(1_000);
    }
    expect(pool.crashLooping).toBe(false);
  });

  it("ends a shard that gives no sign of life, and only that one", async () => {
    const { clock, forked, started } = setUp(2);
    await started();
    const beat = QUIET_BEAT;
    for (let second = 0; second < 20; second++) {
      forked[1]?.say({ type: "beat", beat });
      clock.advance(1_000);
    }
    expect(forked[0]?.killed).toBe(true);
    expect(forked[1]?.killed).toBe(false);
  });

  it("ends one that is stopped, or stuck in a loop, sooner; one that is only slow is given time", async () => {
    const beat = QUIET_BEAT;
    const endedAfter = async (each: (seen: ReturnType<typeof setUp>["seen"]) => void) => {
      const { clock, forked, gone, seen, started } = setUp(1);
      await started();
      forked[0]?.say({ type: "beat", beat });
      let waitedMs = 0;
      while (!forked[0]?.killed && waitedMs < 60_000) {
        each(seen);
        clock.advance(500);
        waitedMs += 500;
      }
      await Promise.resolve();
      return `${waitedMs} ${gone}`;
    };
    const running = (cpuMs: number) => (seen: ReturnType<typeof setUp>["seen"]) => {
      seen.doing = "running";
      seen.cpuMs += cpuMs;
    };
    expect(await endedAfter((seen) => Object.assign(seen, { doing: "stopped" }))).toBe("2000 1 killed by SIGKILL");
    expect(await endedAfter(running(495))).toBe("4000 1 killed by SIGKILL in a standstill");
    // On a crowded machine.
    expect(await endedAfter(running(60))).toBe("4000 1 killed by SIGKILL in a standstill");
    let looks = 0;
    const slow = (seen: ReturnType<typeof setUp>["seen"]) =>
      Object.assign(seen, { doing: looks++ % 4 === 0 ? "waiting" : "running", cpuMs: seen.cpuMs + 400 });
    expect(await endedAfter(slow)).toBe("15000 1 killed by SIGKILL in a standstill");
  });

  it("starts one alone for a single call: not replaced when it dies, ended when its call is over", async () => {
    const { pool, clock, forked, gone, warm, started, ready } = setUp(1);
    await started();
    const shardId = pool.startAlone();
    ready(forked[1]);
    expect(warm).toEqual([1, shardId]);
    expect(pool.shards.map((shard) => shard.alone)).toEqual([false, true]);
    pool.retire(1);
    pool.retire(shardId);
    expect(forked.map((shard) => shard.sent.at(-1)?.type)).toEqual(["boot", "close"]);
    forked[1]?.die("exited with 0");
    await settle();
    clock.advance(1_000);
    expect(gone).toEqual([`${shardId} exited with 0`]);
    expect(forked).toHaveLength(2);
  });

  it("blames no shard when this process itself stood still", async () => {
    const { clock, forked, started } = setUp(1);
    await started();
    clock.stall(60_000);
    clock.advance(2_000);
    expect(forked[0]?.killed).toBe(false);
  });

  it("ends a shard that never gets warm", async () => {
    const { pool, clock, forked } = setUp(1);
    const start = pool.start();
    clock.advance(120_000);
    expect(forked[0]?.killed).toBe(true);
    await expect(start).rejects.toMatchObject({ code: "shard-start-failed" });
  });

  it("closes politely, then for good, and starts nothing afterwards", async () => {
    const { pool, clock, forked, gone, started } = setUp(2);
    await started();
    const closed = pool.close("worker-stopped", 10_000);
    expect(pool.close("again", 1)).toBe(closed);
    expect(forked[0]?.sent.at(-1)).toEqual({ type: "close", reason: "worker-stopped" });
    forked[0]?.die("exited with 0");
    clock.advance(10_000);
    expect(forked[1]?.killed).toBe(true);
    await closed;
    expect(forked).toHaveLength(2);
    expect(gone).toEqual([]);
  });
});
