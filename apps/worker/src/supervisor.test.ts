import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { CallAssignment } from "./messages.ts";
import { agent, assignment, offer, removeFolders, settle, setUp } from "./test/boss.ts";

afterEach(removeFolders);

describe("the supervisor", () => {
  it("never promises more than the cap, however the questions come", async () => {
    const { boss } = setUp({ cap: 3 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => boss.sink.offered(offer(n))));
    expect(answers.map((answer) => answer.accept)).toEqual([true, true, true, false, false]);
  });

  it("hands each job to the emptiest shard, with the call's identity and a fresh log file", async () => {
    const { take, sent, callsDir } = setUp();
    writeFileSync(join(callsDir, "call-2.1.ndjson"), "");
    await take(1, { tenantId: "t1", language: "en" });
    await take(2);
    expect(sent.map(({ shardId }) => shardId)).toEqual([1, 2]);
    expect(sent[0]?.message).toMatchObject({
      type: "run",
      call: {
        jobId: "job-1",
        callId: "call-1",
        epoch: 1,
        url: "ws://here",
        context: { tenantId: "t1", language: "en" },
      },
    });
    expect(sent[1]?.message).toMatchObject({ call: { callId: "call-2", epoch: 2 } });
  });

  it("gives the call what the server knows of its caller, whatever its dispatch says", async () => {
    const asked: string[] = [];
    const callContext = async ({ metadata }: { metadata: string }) => {
      asked.push(metadata);
      return { context: JSON.parse(metadata).userId === "ann" ? { name: "Ann" } : null };
    };
    const { take, sent } = setUp({ backend: { callContext } });
    await take(1, { userId: "ann", context: { name: "Eve" } });
    await take(2, { userId: "nobody" });
    await settle();
    expect(asked.length).toBe(2);
    const contexts = sent.map(({ message }) => (message as { call: CallAssignment }).call.context.metadata.context);
    expect(contexts).toEqual([{ name: "Ann" }, undefined]);
  });

  it("lets the pool know how many calls it has, promised ones included", async () => {
    const { take, boss, fitted } = setUp();
    boss.sink.offered(offer(1));
    expect(fitted.at(-1)).toBe(1);
    boss.sink.assigned(assignment(1));
    await take(2);
    expect(fitted.at(-1)).toBe(2);
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    expect(fitted.at(-1)).toBe(1);
  });

  it("gives nothing to a shard whose successor has taken its place", async () => {
    const { take, sent, members } = setUp();
    members[0]!.outgoing = true;
    await take(1);
    await take(2);
    expect(sent.map(({ shardId }) => shardId)).toEqual([2, 2]);
  });

  it("refuses a second job for a call that has an owner", async () => {
    const { take, boss } = setUp();
    await take(1);
    expect(await boss.sink.offered({ ...offer(9), metadata: offer(1).metadata })).toMatchObject({
      accept: false,
      reason: "call-has-owner",
    });
  });

  it("tells LiveKit how a job fares and frees its slot", async () => {
    const { take, boss, statuses } = setUp({ cap: 1 });
    await take(1);
    expect(await take(2)).toBe(false);
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    expect(await take(3)).toBe(true);
    boss.shardMessage(2, { type: "call-ended", jobId: "job-3", reason: "x", error: "not your job" });
    boss.shardMessage(1, { type: "call-ended", jobId: "job-3", reason: "failed", error: "no room" });
    expect(statuses).toEqual(["job-1 success", "job-3 failed: no room"]);
  });

  it("moves a promise whose shard died to another one", async () => {
    const { boss, members, sent } = setUp();
    await boss.sink.offered(offer(1));
    members.shift();
    boss.shardGone(1, { how: "killed by SIGKILL", stoodStill: false });
    boss.sink.assigned(assignment(1));
    expect(sent).toMatchObject([{ shardId: 2, message: { type: "run", call: { jobId: "job-1", token: "t" } } }]);
  });

  it("fails an assigned job for which there is no place", () => {
    const { boss, members, statuses } = setUp();
    members.length = 0;
    boss.sink.assigned(assignment(1));
    expect(statuses).toEqual(["job-1 failed: no free slot in this worker"]);
  });

  it("frees a promised slot when the job never comes", async () => {
    const { boss } = setUp({ cap: 1 });
    await boss.sink.offered(offer(1));
    expect((await boss.sink.offered(offer(2))).accept).toBe(false);
    boss.sink.offerLost("job-1", "LiveKit sent no assignment");
    expect((await boss.sink.offered(offer(3))).accept).toBe(true);
  });

  it("asks the agent's accept in the shard that would run the call, with the slot held meanwhile", async () => {
    const { boss, sent, statuses, take } = setUp({ cap: 1, summary: { ...agent, asksToAccept: true } });
    expect(await take(1)).toBe(true);
    expect(await take(2)).toBe(false);
    expect(sent).toMatchObject([
      { shardId: 1, message: { type: "offer", callId: "call-1", offer: { jobId: "job-1" } } },
    ]);
    boss.shardMessage(1, { type: "offer-answer", offerId: 1, accept: false, reason: "closed on Sundays" });
    await Promise.resolve();
    expect(statuses).toEqual(["job-1 failed: closed on Sundays"]);
    await take(3);
    boss.shardMessage(1, { type: "offer-answer", offerId: 2, accept: true, reason: "" });
    await Promise.resolve();
    expect(sent.at(-1)).toMatchObject({ shardId: 1, message: { type: "run", call: { jobId: "job-3" } } });
  });

  it("refuses when accept does not answer in time, or its shard dies over the question", async () => {
    const { boss, clock, statuses, take } = setUp({ summary: { ...agent, asksToAccept: true } });
    await take(1);
    clock.advance(5_000);
    await Promise.resolve();
    await take(2);
    boss.shardGone(1, { how: "killed by SIGKILL", stoodStill: false });
    await Promise.resolve();
    expect(statuses.map((status) => status.split(":")[0])).toEqual(["job-1 failed", "job-2 failed"]);
    expect(boss.health().slots.taken).toBe(0);
  });

  it("drains: refuses, reports full, and is done when the last call ends", async () => {
    const { boss, take, lineDrained } = setUp();
    await take(1);
    let drained = false;
    const done = boss.drain().then(() => {
      drained = true;
    });
    expect(await take(2)).toBe(false);
    expect(lineDrained()).toBe(true);
    expect(boss.health()).toMatchObject({ ready: false, draining: true });
    await Promise.resolve();
    expect(drained).toBe(false);
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    await done;
    expect(drained).toBe(true);
  });

  it("lets load decide when there is no cap: measured CPU closes the worker, idleness opens it", async () => {
    const { boss, clock, members, reports } = setUp();
    let cpuMs = 0;
    const second = (busyCores: number) => {
      cpuMs += busyCores * 1_000;
      const beat = {
        calls: 0,
        loopBusy: 0.2,
        loopDelayMs: 0,
        loopDelayP50Ms: 0,
        cpuMs,
        cpuCores: busyCores,
        rssBytes: 0,
        resources: {},
      };
      for (const member of members.slice(0, 1)) member.beat = beat;
      clock.advance(1_000);
    };
    for (let n = 0; n < 45; n++) second(2.6);
    expect(reports.at(-1)?.load).toBe(1);
    expect((await boss.sink.offered(offer(1))).accept).toBe(false);
    for (let n = 0; n < 30; n++) second(0.1);
    expect((await boss.sink.offered(offer(2))).accept).toBe(true);
  });

  it("takes a burst of twenty on two cores, though their joins use up both for a while", async () => {
    const { boss, clock, members, reports, take } = setUp();
    let cpuMs = 0;
    const second = (busyCores: number, loopBusy: number, loopDelayMs: number) => {
      cpuMs += busyCores * 500;
      const beat = { calls: 0, loopBusy, loopDelayMs, loopDelayP50Ms: 5, rssBytes: 0, resources: {} };
      for (const member of members) member.beat = { ...beat, cpuMs, cpuCores: busyCores / 2 };
      clock.advance(1_000);
    };
    for (let n = 0; n < 30; n++) second(0.1, 0.1, 2);
    for (let n = 1; n <= 10; n++) expect(await take(n)).toBe(true);
    for (let n = 0; n < 4; n++) second(2, 1, 600);
    for (let n = 11; n <= 20; n++) expect(await take(n)).toBe(true);
    for (let n = 0; n < 4; n++) second(2, 1, 600);
    expect(Math.max(...reports.map(({ load }) => load))).toBeLessThan(0.7);
    // What lasts is no burst any more.
    for (let n = 0; n < 25; n++) second(2, 1, 600);
    expect(await boss.sink.offered(offer(21))).toEqual({ accept: false, reason: "load" });
    expect(reports.at(-1)?.load).toBeGreaterThanOrEqual(0.7);
  });

  it("tells LiveKit that it is full, or has room again, in the same instant", async () => {
    const { boss, reports, take } = setUp({ cap: 2 });
    await take(1);
    expect(reports.at(-1)).toEqual({ load: expect.closeTo(0.325), jobs: 1 });
    await boss.sink.offered(offer(2));
    expect(reports.at(-1)).toEqual({ load: 1, jobs: 2 });
    boss.sink.assigned(assignment(2));
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    expect(reports.at(-1)).toEqual({ load: expect.closeTo(0.325), jobs: 1 });
  });

  it("takes no more calls than join within its callers' patience", async () => {
    const { boss, take, sent, reports } = setUp({ shards: 1, cap: 100 });
    for (let n = 1; n <= 32; n++) expect(await take(n)).toBe(true);
    expect(await boss.sink.offered(offer(33))).toEqual({ accept: false, reason: "joins" });
    expect([boss.open, reports.at(-1)?.load]).toEqual([false, 1]);
    boss.shardMessage(1, { type: "call-joined", jobId: "job-1" });
    expect(reports.at(-1)?.load).toBeLessThan(0.7);
    expect([boss.open, await take(33), boss.open, sent.length]).toEqual([true, true, false, 33]);
  });

  it("tells the server of calls that it has no room for, and of nothing else", async () => {
    const told: object[] = [];
    const { take, boss, statuses, members } = setUp({
      cap: 1,
      backend: { unserved: (call) => void told.push(call) },
    });
    expect(await take(1)).toBe(true);
    await take(1);
    expect(told).toEqual([]);
    expect(await take(2, { plan: "gold" })).toBe(false);
    const metadata = JSON.stringify({ callId: "call-2", plan: "gold" });
    expect(told).toEqual([{ callId: "call-2", room: "room-2", agentName: "shop", metadata, reason: "full" }]);
    // Of a job that brings no callId every worker tells the same one.
    boss.sink.offered({ ...offer(3), metadata: "" });
    expect(told.at(-1)).toMatchObject({ callId: "job-3" });
    boss.sink.offered({ ...offer(4), metadata: JSON.stringify({ callId: "c", much: "x".repeat(70_000) }) });
    expect(told).toHaveLength(2);
    members.length = 0;
    boss.sink.assigned(assignment(5));
    expect(told.at(-1)).toMatchObject({ callId: "call-5", reason: "no-shard" });
    expect(statuses).toEqual(["job-5 failed: no free slot in this worker"]);
  });

  it("tells the server at once when there is room, and when there is none any more", async () => {
    const beats: boolean[] = [];
    let look = () => true;
    const { boss, take, clock } = setUp({ cap: 1, backend: { beat: () => void beats.push(look()) } });
    look = () => boss.open;
    await take(1);
    expect([beats.at(-1), boss.open]).toEqual([false, false]);
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    expect([beats.at(-1), boss.open]).toEqual([true, true]);
    beats.length = 0;
    clock.advance(10_000);
    expect(beats).toEqual([]);
    void boss.drain();
    expect(beats).toEqual([false]);
  });

  it("takes the author's limit when it is lower than the operator's cap", async () => {
    const { boss } = setUp({ cap: 10, summary: { ...agent, maxCalls: 1 } });
    expect((await boss.sink.offered(offer(1))).accept).toBe(true);
    expect((await boss.sink.offered(offer(2))).accept).toBe(false);
  });

  it("takes no call whose log would have nowhere to go", async () => {
    const { take, fillDisk } = setUp();
    expect(await take(1)).toBe(true);
    fillDisk();
    expect(await take(2)).toBe(false);
  });

  it("gives a call that comes again the next epoch, even when its file is gone", async () => {
    const { take, boss, sent } = setUp();
    await take(1);
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    await boss.sink.offered({ ...offer(7), metadata: offer(1).metadata });
    boss.sink.assigned({ ...assignment(7), job: { ...offer(7), metadata: offer(1).metadata } });
    expect(sent.at(-1)?.message).toMatchObject({ call: { callId: "call-1", epoch: 2 } });
  });

  it("is ready only while registered", () => {
    const { boss } = setUp();
    expect(boss.health()).toMatchObject({ ready: true, reason: null });
    boss.sink.lost();
    expect(boss.health()).toMatchObject({ ready: false, reason: "not registered with LiveKit" });
    boss.sink.registered();
    expect(boss.health().ready).toBe(true);
  });

  it("passes LiveKit's termination on to the shard that has the call", async () => {
    const { boss, take, sent, clock } = setUp();
    await take(1);
    boss.sink.terminated("job-1");
    boss.sink.terminated("job-unknown");
    clock.advance(1_500);
    expect(sent.at(-1)).toEqual({
      shardId: 1,
      message: { type: "end-call", jobId: "job-1", reason: "job-terminated" },
    });
  });

  it("lets a call whose caller has left end by itself: LiveKit may tell of it sooner", async () => {
    const { boss, take, sent, clock } = setUp();
    await take(1);
    boss.sink.terminated("job-1");
    expect(sent.map(({ message }) => message.type)).toEqual(["run"]);
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    clock.advance(10_000);
    expect(sent.map(({ message }) => message.type)).toEqual(["run"]);
  });
});
