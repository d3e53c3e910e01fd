import { describe, expect, it } from "vitest";
import type { CallAssignment } from "./messages.ts";
import { type FakeShard, QUIET_BEAT, settle, setUp } from "./test/fake-shards.ts";

describe("a shard that has served its share of calls", () => {
  const run = (pool: ReturnType<typeof setUp>["pool"], shardId: number, jobId: string) =>
    pool.send(shardId, { type: "run", call: { jobId } as CallAssignment });
  const ended = (shard: FakeShard | undefined, jobId: string) =>
    shard?.say({ type: "call-ended", jobId, reason: "", error: null });
  const last = (shard: FakeShard | undefined) => shard?.sent.at(-1)?.type;
  const outgoing = (pool: ReturnType<typeof setUp>["pool"]) =>
    pool.shards.filter((shard) => shard.outgoing).map(({ shardId }) => shardId);
  const beat = QUIET_BEAT;
  const pass = (clock: ReturnType<typeof setUp>["clock"], forked: FakeShard[], seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      for (const shard of forked) shard.say({ type: "beat", beat });
      clock.advance(1_000);
    }
  };

  it("a shard takes calls until a fresh one is warm, carries its own to their end, and only then goes", async () => {
    const { pool, clock, forked, started, ready } = setUp(2);
    await started();
    run(pool, 1, "a");
    expect(forked).toHaveLength(2);
    run(pool, 1, "b");
    expect(forked).toHaveLength(3);
    expect(outgoing(pool)).toEqual([]);
    ready(forked[2]);
    await settle();
    expect(outgoing(pool)).toEqual([1]);
    ended(forked[0], "a");
    pass(clock, forked, 3_600);
    expect(last(forked[0])).toBe("run");
    expect(forked[0]?.killed).toBe(false);
    ended(forked[0], "b");
    expect(last(forked[0])).toBe("close");
    forked[0]?.die("exited with 0");
    await settle();
    pass(clock, forked, 10);
    expect(pool.shards.map(({ shardId, state }) => `${shardId} ${state}`)).toEqual(["2 ready", "3 ready"]);
    expect(forked).toHaveLength(3);
  });

  it("it waits for a call that was promised to it before its successor came", async () => {
    const { pool, clock, forked, promised, started, ready } = setUp(1);
    await started();
    for (const job of ["a", "b"]) run(pool, 1, job);
    promised.add(1);
    ready(forked[1]);
    await settle();
    for (const job of ["a", "b"]) ended(forked[0], job);
    pass(clock, forked, 14);
    expect(last(forked[0])).toBe("run");
    run(pool, 1, "promised");
    promised.delete(1);
    pass(clock, forked, 60);
    expect(last(forked[0])).toBe("run");
    ended(forked[0], "promised");
    expect(last(forked[0])).toBe("close");
    clock.advance(5_000);
    expect(forked[0]?.killed).toBe(true);
  });

  it("shards are relieved one at a time", async () => {
    const { pool, forked, started, ready } = setUp(2);
    await started();
    for (const shardId of [1, 2]) for (const job of ["a", "b"]) run(pool, shardId, `${shardId}${job}`);
    expect(forked).toHaveLength(3);
    ready(forked[2]);
    await settle();
    expect(forked).toHaveLength(4);
    ready(forked[3]);
    await settle();
    expect(outgoing(pool)).toEqual([1, 2]);
  });

  it("its successor is not started while calls join, for so long", async () => {
    const { pool, clock, forked, started } = setUp(1);
    await started();
    pool.fit(2, 2);
    for (const job of ["a", "b"]) run(pool, 1, job);
    pass(clock, forked, 5);
    expect(forked).toHaveLength(1);
    pass(clock, forked, 1);
    expect(forked).toHaveLength(2);
  });

  it("it goes at once when its successor is warm and nobody was promised a place", async () => {
    const { pool, clock, forked, started, ready } = setUp(1);
    await started();
    for (const job of ["a", "b"]) run(pool, 1, job);
    for (const job of ["a", "b"]) ended(forked[0], job);
    ready(forked[1]);
    await settle();
    expect(last(forked[0])).toBe("run");
    clock.advance(250);
    expect(last(forked[0])).toBe("close");
  });

  it("it goes on when its successor does not start, which is tried again later", async () => {
    const { pool, clock, forked, started, ready } = setUp(1);
    await started();
    for (const job of ["a", "b"]) run(pool, 1, job);
    forked[1]?.die("exited with 1");
    await settle();
    expect(outgoing(pool)).toEqual([]);
    run(pool, 1, "c");
    expect(forked).toHaveLength(2);
    pass(clock, [forked[0]!], 60);
    expect(forked).toHaveLength(3);
    ready(forked[2]);
    await settle();
    expect(outgoing(pool)).toEqual([1]);
  });

  it("one that dies is replaced by its successor alone; when neither lives, by another", async () => {
    const { pool, clock, forked, started, ready } = setUp(1);
    await started();
    for (const job of ["a", "b"]) run(pool, 1, job);
    forked[0]?.die("killed by SIGKILL");
    await settle();
    clock.advance(1_000);
    expect(forked).toHaveLength(2);
    ready(forked[1]);
    for (const job of ["c", "d"]) run(pool, 2, job);
    await settle();
    expect(forked).toHaveLength(3);
    forked[1]?.die("killed by SIGKILL");
    forked[2]?.die("exited with 1");
    await settle();
    clock.advance(0);
    expect(forked).toHaveLength(4);
  });
});
