import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sessionRoom } from "@parley/engine";
import { callStarted } from "@parley/testkit/facts";
import { DECLINED } from "@parley/uplink";
import { afterEach, describe, expect, it } from "vitest";
import { agent, assignment, offer, removeFolders, settle, setUp } from "./test/boss.ts";

afterEach(removeFolders);

const fact = (seq: number, epoch: number, body: object) =>
  `${JSON.stringify({ callId: "call-1", epoch, seq, at: seq, version: 1, ...body })}\n`;

const started = callStarted({ agent: "shop", room: "room-1", tenantId: "t1" });

describe("calls whose process died", () => {
  it("go on in another shard: same identity, next epoch, their files so far", async () => {
    const { take, boss, runs, callsDir, statuses, kill } = setUp();
    for (const n of [1, 2, 3]) await take(n);
    writeFileSync(join(callsDir, "call-1.1.ndjson"), "");
    kill(1);
    await settle();
    const [, , , ...again] = runs();
    expect(again.map(({ callId, shardId }) => `${callId} on ${shardId}`)).toEqual(["call-1 on 2", "call-3 on 2"]);
    expect(again[0]).toMatchObject({
      jobId: "job-1",
      identity: "agent-job-1",
      epoch: 2,
      logPath: join(callsDir, "call-1.2.ndjson"),
      context: { room: "room-1" },
      recovery: { logPaths: [join(callsDir, "call-1.1.ndjson")], copied: false, farewell: false },
    });
    expect(again[0]?.token).not.toBe("t");
    expect(statuses).toEqual([]);
    expect(boss.runningCalls().map(({ callId, crashes }) => [callId, crashes])).toEqual([
      ["call-1", 1],
      ["call-2", 0],
      ["call-3", 1],
    ]);
  });

  it("wait for the next shard when there is none, and stay taken meanwhile", async () => {
    const { take, boss, runs, members, kill } = setUp({ shards: 1 });
    await take(1);
    const [dead] = members;
    kill(1);
    await settle();
    expect(runs()).toHaveLength(1);
    expect(await boss.sink.offered({ ...offer(9), metadata: offer(1).metadata })).toMatchObject({ accept: false });
    members.push({ ...dead!, shardId: 2 });
    boss.shardReady(2);
    await settle();
    expect(runs().at(-1)).toMatchObject({ callId: "call-1", shardId: 2 });
  });

  it("are not ended by the termination of the job that died with the process", async () => {
    const { take, boss, sent, statuses, kill } = setUp();
    await take(1);
    kill(1);
    boss.sink.terminated("job-1");
    await settle();
    boss.sink.terminated("job-1");
    expect(sent.filter(({ message }) => message.type === "end-call")).toEqual([]);
    boss.shardMessage(2, { type: "call-ended", jobId: "job-1", reason: "participant-left", error: null });
    expect(statuses).toEqual([]);
    expect(boss.health().slots.taken).toBe(0);
  });

  it("know of a process that stood still that its voice did not, and of the next one what is true of that", async () => {
    const { take, runs, kill } = setUp({ shards: 3 });
    await take(1);
    kill(1, true);
    await settle();
    expect(runs().at(-1)).toMatchObject({ recovery: { soundedOn: true } });
    await take(2);
    kill(runs().at(-1)!.shardId);
    await settle();
    expect(runs().at(-1)).toMatchObject({ recovery: { soundedOn: false } });
  });

  it("are alone in a shard the second time, told goodbye the third, and ended on paper after that", async () => {
    const { take, boss, runs, members, retired, callsDir, statuses, kill } = setUp({ shards: 3 });
    await take(1);
    writeFileSync(join(callsDir, "call-1.1.ndjson"), fact(1, 1, started));
    kill(1);
    await settle();
    kill(2);
    await settle();
    const alone = members.at(-1)!;
    expect(alone.alone).toBe(true);
    expect(runs()).toHaveLength(2);
    alone.state = "ready";
    boss.shardReady(alone.shardId);
    await settle();
    expect(runs().at(-1)).toMatchObject({ shardId: alone.shardId, recovery: { farewell: false, soundedOn: false } });
    expect((await boss.sink.offered(offer(5))).accept).toBe(true);

    kill(alone.shardId);
    const last = members.at(-1)!;
    last.state = "ready";
    boss.shardReady(last.shardId);
    await settle();
    expect(runs().at(-1)).toMatchObject({ shardId: last.shardId, recovery: { farewell: true } });

    kill(last.shardId);
    await settle();
    expect(boss.runningCalls()).toEqual([]);
    expect(statuses).toEqual([]);
    expect(retired).toEqual([]);
    const epoch = runs().at(-1)!.epoch + 1;
    const ending = readFileSync(join(callsDir, `call-1.${epoch}.ndjson`), "utf8")
      .trim()
      .split("\n");
    expect(JSON.parse(ending.at(-1)!)).toMatchObject({ type: "call-closed", reason: "process-died", epoch });
  });

  it("share a shard with others as before when another call wrote last before each death", async () => {
    const { take, boss, runs, members, callsDir, kill } = setUp({ shards: 1 });
    await take(1);
    await take(2);
    for (const shardId of [1, 2]) {
      writeFileSync(join(callsDir, `call-1.${shardId}.ndjson`), "");
      writeFileSync(join(callsDir, `call-2.${shardId}.ndjson`), "");
      utimesSync(join(callsDir, `call-1.${shardId}.ndjson`), 1_000, 1_000);
      const dead = members.find((member) => member.shardId === shardId)!;
      kill(shardId);
      members.push({ ...dead, shardId: shardId + 1 });
      boss.shardReady(shardId + 1);
      await settle();
    }
    expect(runs().filter(({ callId }) => callId === "call-1")).toMatchObject([
      { shardId: 1 },
      { shardId: 2 },
      { shardId: 3 },
    ]);
    expect(runs().filter(({ callId }) => callId === "call-2")).toHaveLength(2);
    expect(members.filter(({ alone }) => alone)).toHaveLength(1);
    expect(boss.runningCalls().map(({ callId, crashes }) => [callId, crashes])).toEqual([
      ["call-1", 0],
      ["call-2", 2],
    ]);
  });

  it("are given up, and their logs ended, when no process comes within a minute", async () => {
    const { take, boss, clock, callsDir, kill } = setUp({ shards: 1 });
    await take(1);
    writeFileSync(join(callsDir, "call-1.1.ndjson"), fact(1, 1, started));
    kill(1);
    clock.advance(60_000);
    await settle();
    expect(boss.runningCalls()).toEqual([]);
    expect(readFileSync(join(callsDir, "call-1.2.ndjson"), "utf8")).toContain("call-closed");
  });
});

describe("a recovery that goes wrong itself", () => {
  const args = { room: "r".repeat(2_000), token: "t", identity: "agent-x", agentName: "shop", epoch: 1000, crashes: 0 };

  it("ends its own call, and nothing else", async () => {
    const { boss, take, runs } = setUp({ backend: {} });
    expect((await boss.ordered({ callId: "call-9", name: "take-over", args })).ok).toBe(true);
    await settle();
    expect(boss.runningCalls()).toEqual([]);
    expect(await take(1)).toBe(true);
    await settle();
    expect(runs().map((call) => call.callId)).toEqual(["call-1"]);
  });

  it("a hand-over that fails keeps nobody from leaving", async () => {
    const { boss, take } = setUp({ backend: { shipped: () => Promise.reject(new Error("line gone")) } });
    await take(1);
    await settle();
    const over = boss.handOver();
    boss.shardMessage(1, { type: "call-released", jobId: "job-1" });
    await expect(over).resolves.toBeUndefined();
  });
});

describe("the server's word", () => {
  const orders = { room: "room-1", token: "tt", identity: "agent-x", agentName: "shop", epoch: 4, crashes: 1 };

  it("a call that another worker has is not run here", async () => {
    const claim = async () => ({ granted: false, epoch: 2, owner: "worker/b" });
    const { take, runs, statuses, boss } = setUp({ backend: { claim } });
    await take(1);
    await settle();
    expect(runs()).toEqual([]);
    expect(statuses).toEqual(["job-1 failed: worker/b has this call"]);
    expect(boss.health().slots.taken).toBe(0);
  });

  it("a call begins above the last epoch that the server knows; without an answer it begins all the same", async () => {
    const known = setUp({ backend: { claim: async () => ({ granted: true, epoch: 7, owner: null }) } });
    await known.take(1);
    await settle();
    expect(known.runs()[0]).toMatchObject({ epoch: 8 });
    const away = setUp({ backend: { claim: async () => null } });
    await away.take(1);
    await settle();
    expect(away.runs()[0]).toMatchObject({ epoch: 1 });
  });

  describe("an ordered call that nobody has begun", () => {
    const fresh = { ...orders, epoch: 1_000, crashes: 0, identity: "agent-call-1" };
    const metadata = JSON.stringify({ callId: "call-1", tenantId: "t1", plan: "gold" });
    const order = { callId: "call-1", name: "take-over", args: { ...fresh, metadata } };

    it("begins with what the server knows of its caller, who has waited long enough", async () => {
      const callContext = async () => {
        const metadata = { plan: "silver", tenantId: "t2" };
        return { context: { name: "Ann" }, metadata, language: "de", refusal: { reason: "blocked", say: "" } };
      };
      const { boss, runs } = setUp({ cap: 1, backend: { callContext } });
      expect(await boss.ordered(order)).toEqual({ ok: true, reason: "" });
      await settle();
      const context = { language: "de", metadata: { plan: "silver", tenantId: "t1", context: { name: "Ann" } } };
      expect(runs()).toMatchObject([{ callId: "call-1", context, refusal: { reason: "blocked", say: "" } }]);
      // In a session nobody would hear why.
      const other = setUp({ cap: 1, backend: { callContext } });
      const session = { ...order, args: { ...order.args, room: sessionRoom("call-1") } };
      expect(await other.boss.ordered(session)).toEqual({ ok: false, reason: DECLINED });
    });

    it("begins here with what its room and dispatch said, and LiveKit has no job of it", async () => {
      const { boss, runs, statuses, reports } = setUp({ cap: 1, backend: {} });
      expect(await boss.ordered(order)).toEqual({ ok: true, reason: "" });
      expect(reports.at(-1)).toEqual({ load: 1, jobs: 1 });
      await settle();
      expect(runs()).toMatchObject([
        {
          callId: "call-1",
          identity: "agent-call-1",
          epoch: 1_000,
          context: { room: "room-1", tenantId: "t1", metadata: { plan: "gold" } },
        },
      ]);
      const { jobId, shardId } = runs()[0]!;
      boss.shardMessage(shardId, { type: "call-ended", jobId, reason: "participant-left", error: null });
      expect([statuses, boss.health().slots.taken]).toEqual([[], 0]);
    });

    it("is refused by a full worker, which would go on with one that runs", async () => {
      const { boss, take } = setUp({ backend: {} });
      for (let n = 2; n <= 40; n++) await take(n);
      expect(await boss.ordered(order)).toEqual({ ok: false, reason: "load" });
      const lost = { ...order, args: { ...fresh, metadata: null, crashes: 1 } };
      expect(await boss.ordered(lost)).toEqual({ ok: true, reason: "" });
    });

    it("is the author's to decline", async () => {
      const { boss, sent, reports } = setUp({ summary: { ...agent, asksToAccept: true }, backend: {} });
      const answer = boss.ordered(order);
      await settle();
      expect(sent).toMatchObject([{ message: { type: "offer", callId: "call-1", context: { tenantId: "t1" } } }]);
      boss.shardMessage(1, { type: "offer-answer", offerId: 1, accept: false, reason: "closed on Sundays" });
      expect(await answer).toEqual({ ok: false, reason: "declined" });
      expect([boss.health().slots.taken, reports.at(-1)?.jobs]).toEqual([0, 0]);
    });
  });

  it("orders a call of a lost worker here: with the server's copy of its log, in the ordered epoch", async () => {
    const log = JSON.parse(fact(1, 3, started)) as never;
    const { boss, runs } = setUp({ backend: { readLog: async () => [log] } });
    expect(await boss.ordered({ callId: "call-1", name: "take-over", args: orders })).toEqual({ ok: true, reason: "" });
    await settle();
    const [call] = runs();
    expect(call).toMatchObject({ identity: "agent-x", epoch: 4, context: { room: "room-1", tenantId: "t1" } });
    expect(call?.recovery).toMatchObject({ copied: true, farewell: false });
    expect(readFileSync(call!.recovery!.logPaths[0]!, "utf8")).toContain("call-started");
    expect(boss.runningCalls()).toMatchObject([{ callId: "call-1", epoch: 4, crashes: 1 }]);
    const again = await boss.ordered({ callId: "call-1", name: "take-over", args: orders });
    expect(again).toEqual({ ok: false, reason: "call-has-owner" });
  });

  it.each([
    ["a call whose log cannot be read", {}, { readLog: () => Promise.reject(new Error("store away")) }, "store away"],
    ["another agent", { agentName: "bank" }, {}, "this worker runs no agent bank"],
    ["nonsense", { epoch: -1 }, {}, "not an order that this worker understands"],
  ])("does not take over %s", async (_what, args, backend, reason) => {
    const { boss } = setUp({ backend });
    const answer = await boss.ordered({ callId: "call-1", name: "take-over", args: { ...orders, ...args } });
    expect(answer).toEqual({ ok: false, reason });
    expect(boss.health().slots.taken).toBe(0);
  });

  it("passes say, interrupt and end to the shard that has the call", async () => {
    const { boss, take, sent, clock } = setUp({ backend: {} });
    await take(1);
    await settle();
    const order = (name: string, args = {}) => boss.ordered({ callId: "call-1", name, args });
    const say = order("say", { text: "One moment.", by: "key:1" });
    const interrupt = order("interrupt");
    const mute = order("mute", { muted: true });
    boss.shardMessage(1, { type: "order-answer", orderId: 1, result: { ok: true, reason: "" } });
    boss.shardMessage(1, { type: "order-answer", orderId: 2, result: { ok: false, reason: "call-over" } });
    expect(await say).toEqual({ ok: true, reason: "" });
    expect(await interrupt).toEqual({ ok: false, reason: "call-over" });
    clock.advance(4_000);
    expect(await mute).toEqual({ ok: false, reason: "no-answer" });
    const hangUp = order("hang-up");
    expect(await order("end", { reason: "operator" })).toEqual({ ok: true, reason: "" });
    const by = "operator";
    expect(sent.slice(-5).map(({ message }) => message)).toEqual([
      {
        type: "order",
        orderId: 1,
        jobId: "job-1",
        order: { name: "say", text: "One moment.", interruptible: true, by: "key:1" },
      },
      { type: "order", orderId: 2, jobId: "job-1", order: { name: "interrupt", by } },
      { type: "order", orderId: 3, jobId: "job-1", order: { name: "mute", muted: true, by } },
      { type: "order", orderId: 4, jobId: "job-1", order: { name: "hang-up", reason: by } },
      { type: "end-call", jobId: "job-1", reason: "operator" },
    ]);
    boss.shardGone(1, { how: "killed", stoodStill: false });
    expect(await hangUp).toEqual({ ok: false, reason: "shard-ended" });
    expect((await order("say", {})).ok).toBe(false);
    expect((await order("dance")).ok).toBe(false);
    expect((await boss.ordered({ callId: "call-2", name: "end", args: {} })).ok).toBe(false);
  });

  it("hands calls over when the worker goes: log closed, shipped, given away, gone", async () => {
    const steps: string[] = [];
    const { boss, take, sent, runs } = setUp({
      backend: {
        shipped: async (callId, epoch) => steps.push(`shipped ${callId} ${epoch}`) > 0,
        handOver: async ({ callId, epoch }) => {
          steps.push(`given ${callId} ${epoch}`);
          return { accepted: true, reason: "" };
        },
      },
    });
    await take(1);
    await settle();
    const over = boss.handOver();
    expect(sent.at(-1)?.message).toMatchObject({ type: "release-call", jobId: "job-1" });
    boss.shardMessage(1, { type: "call-released", jobId: "job-1" });
    await settle();
    // The new owner's joining puts ours out: that is no question for the server.
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "evicted", error: null });
    expect(boss.runningCalls()).toEqual([]);
    await over;
    await settle();
    expect(runs()).toHaveLength(1);
    expect(steps).toEqual(["shipped call-1 1", "given call-1 1"]);
    expect(boss.runningCalls()).toEqual([]);
  });

  it("goes on with a call that nobody takes", async () => {
    const { boss, take, sent, runs } = setUp({
      backend: { handOver: async () => ({ accepted: false, reason: "no other worker" }) },
    });
    await take(1);
    await settle();
    const over = boss.handOver();
    boss.shardMessage(1, { type: "call-released", jobId: "job-1" });
    await settle();
    expect(sent.at(-1)?.message).toEqual({ type: "abandon-call", jobId: "job-1" });
    boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "taken-over", error: null });
    await over;
    await settle();
    expect(runs().at(-1)).toMatchObject({ callId: "call-1", epoch: 2, recovery: { farewell: false } });
    expect(boss.runningCalls()).toMatchObject([{ callId: "call-1", crashes: 0 }]);
  });

  it("is asked, after a standstill of this process, whether a call is still its own", async () => {
    let granted = false;
    const { boss, take, clock, sent } = setUp({
      backend: { claim: async ({ epoch }) => ({ granted: epoch === null || granted, epoch: 1, owner: null }) },
    });
    await take(1);
    await settle();
    const epoch = boss.runningCalls()[0]!.epoch;
    const ask = async () => {
      boss.shardMessage(1, { type: "confirm", jobId: "job-1", epoch });
      await settle();
      return sent.at(-1)?.message;
    };
    expect(await ask()).toEqual({ type: "confirmed", jobId: "job-1", held: true });
    clock.stall(5_000);
    expect(await ask()).toEqual({ type: "confirmed", jobId: "job-1", held: false });
    granted = true;
    expect(await ask()).toEqual({ type: "confirmed", jobId: "job-1", held: true });
    boss.shardMessage(1, { type: "confirm", jobId: "job-1", epoch: epoch - 1 });
    await settle();
    expect(sent.at(-1)?.message).toEqual({ type: "confirmed", jobId: "job-1", held: false });
  });

  it("an assigned job of a freed slot is not run after all", async () => {
    const claimed = Promise.withResolvers<{ granted: boolean; epoch: number; owner: null }>();
    const { boss, runs } = setUp({ backend: { claim: () => claimed.promise } });
    await boss.sink.offered(offer(1));
    boss.sink.assigned(assignment(1));
    boss.sink.offerLost("job-1", "the line broke");
    claimed.resolve({ granted: true, epoch: 0, owner: null });
    await settle();
    expect(runs()).toEqual([]);
  });
});
