import { afterEach, describe, expect, it } from "vitest";
import { type BossOptions, removeFolders, settle, setUp } from "./test/boss.ts";

afterEach(removeFolders);

/** Each answer of the server's to a claim of a call that runs: true, false, or null while it is away. */
function withServer(answers: (boolean | null)[], options: BossOptions = {}) {
  const asked: (number | null)[] = [];
  const scene = setUp({
    ...options,
    backend: {
      async claim({ epoch }) {
        if (epoch === null) return { granted: true, epoch: 0, owner: null };
        asked.push(epoch);
        const granted = answers.length > 1 ? answers.shift()! : answers[0]!;
        return granted === null ? null : { granted, epoch, owner: granted ? null : "another" };
      },
    },
  });
  const evict = async (jobId = "job-1") => {
    const shardId = scene.runs().at(-1)!.shardId;
    scene.boss.shardMessage(shardId, { type: "call-ended", jobId, reason: "evicted", error: null });
    await settle();
  };
  const standStill = async () => {
    scene.clock.stall(18_000);
    scene.boss.shardMessage(1, { type: "stood-still", ms: 18_000 });
    scene.kill(1);
    await settle();
  };
  return { ...scene, asked, evict, standStill };
}

describe("a call that somebody else joined in the name of", () => {
  it("goes on in the next epoch when it is still ours, as if nothing had died", async () => {
    const { boss, take, runs, evict, asked, statuses } = withServer([true]);
    await take(1);
    await settle();
    await evict();
    expect(asked).toEqual([1]);
    expect(runs().at(-1)).toMatchObject({ callId: "call-1", epoch: 2, recovery: { farewell: false } });
    expect(boss.runningCalls()).toMatchObject([{ callId: "call-1", crashes: 0 }]);
    // LiveKit ended the job with the agent that it put out.
    boss.sink.terminated("job-1");
    expect(boss.runningCalls()).toHaveLength(1);
    expect(statuses).toEqual([]);
  });

  it("is let go of when another worker has it", async () => {
    const { boss, take, runs, evict } = withServer([false]);
    await take(1);
    await settle();
    await evict();
    expect(runs()).toHaveLength(1);
    expect(boss.runningCalls()).toEqual([]);
    expect(boss.health().slots.taken).toBe(0);
  });

  it("waits for a server that does not answer at once", async () => {
    const { clock, take, runs, evict, asked } = withServer([null, null, true]);
    await take(1);
    await settle();
    await evict();
    for (let round = 0; round < 2; round++) {
      expect(runs()).toHaveLength(1);
      clock.advance(250);
      await settle();
    }
    expect(asked).toHaveLength(3);
    expect(runs()).toHaveLength(2);
  });

  it("goes on when the server stays away", async () => {
    const { clock, take, runs, evict } = withServer([null]);
    await take(1);
    await settle();
    await evict();
    for (let second = 0; second < 40; second++) {
      clock.advance(250);
      await settle();
    }
    expect(runs()).toHaveLength(2);
  });

  it("is whoever's came last where there is no server", async () => {
    const { boss, take, runs } = setUp();
    await take(1);
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "evicted", error: null });
    await settle();
    expect(runs()).toHaveLength(1);
    expect(boss.runningCalls()).toEqual([]);
  });

  it("is ended when that happens again and again", async () => {
    const { boss, take, runs, evict } = withServer([true]);
    await take(1);
    await settle();
    for (let time = 0; time < 4; time++) await evict();
    expect(runs().map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    await expect.poll(() => boss.runningCalls()).toEqual([]);
  });

  it("does not go on here when the server says meanwhile that it is another's", async () => {
    const { boss, take, runs, evict, clock, statuses } = withServer([null, false]);
    await take(1);
    await settle();
    await evict();
    boss.abandonCall("call-1");
    expect(boss.runningCalls()).toEqual([]);
    const told = [...statuses];
    clock.advance(1_000);
    await settle();
    expect(runs()).toHaveLength(1);
    expect(statuses).toEqual(told);
  });
});

describe("a call whose worker stood still", () => {
  it("goes on in another shard when it is still ours, and that counts as nobody's crash", async () => {
    const { boss, take, runs, standStill } = withServer([true]);
    await take(1);
    await settle();
    await standStill();
    expect(runs().at(-1)).toMatchObject({ callId: "call-1", epoch: 2, shardId: 2 });
    expect(boss.runningCalls()).toMatchObject([{ crashes: 0 }]);
  });

  it("disturbs nobody when another worker has it by now", async () => {
    const { boss, take, runs, standStill } = withServer([false]);
    await take(1);
    await settle();
    await standStill();
    expect(runs()).toHaveLength(1);
    expect(boss.runningCalls()).toEqual([]);
  });

  it("is asked for when its shard is found dead after the standstill, too", async () => {
    const { boss, clock, take, kill, asked, runs } = withServer([false]);
    await take(1);
    await settle();
    clock.stall(18_000);
    kill(1);
    await settle();
    expect(asked).toEqual([1]);
    expect(runs()).toHaveLength(1);
    expect(boss.runningCalls()).toEqual([]);
  });
});
