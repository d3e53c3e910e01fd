import { existsSync } from "node:fs";
import { settingsSchema } from "@parley/conversation";
import { callStarted } from "@parley/testkit/facts";
import { afterEach, describe, expect, it } from "vitest";
import type { Backend } from "./backend.ts";
import { removeFolders, settle, setUp } from "./test/boss.ts";

afterEach(removeFolders);

const change = {
  callId: "call-1",
  name: "change-agent",
  args: { agentId: "sales", agentVersion: null, runBy: "sales", by: "root", reason: "why" },
};
const to = { agentId: "sales", agentVersion: null, runBy: "sales", by: "root", reason: "why", message: null };

/** A call runs here; its shard has been told to change its agent, and says that it has not that one. */
async function told(backend: Partial<Backend>, args: object = {}) {
  const t = setUp({ backend });
  await t.take(1);
  await settle();
  const answer = t.boss.ordered({ ...change, args: { ...change.args, ...args } });
  await settle();
  const refuse = () => {
    const order = t.sent.at(-1)?.message;
    if (order?.type !== "order") throw new Error("no order was given");
    const result = { ok: false, reason: "agent-not-here", detail: "colleagues here: billing." };
    t.boss.shardMessage(1, { type: "order-answer", orderId: order.orderId, result });
  };
  refuse();
  await settle();
  return { ...t, answer, refuse };
}
const last = ({ sent }: Awaited<ReturnType<typeof told>>) => sent.at(-1)?.message;

describe("a call that is to go to an agent of another worker", () => {
  it("is let go of at a quiet moment and given to a worker of that agent", async () => {
    const given: unknown[] = [];
    const handOver: Backend["handOver"] = async (call) => {
      given.push(call);
      return { accepted: true, reason: "" };
    };
    const t = await told({ handOver });
    expect(last(t)).toMatchObject({ type: "release-call", jobId: "job-1" });
    const again = t.boss.ordered(change);
    await settle();
    t.refuse();
    expect(await again).toEqual({ ok: false, reason: "transfer-under-way" });
    t.boss.shardMessage(1, { type: "call-released", jobId: "job-1" });
    await settle();
    t.boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "evicted", error: null });
    expect(await t.answer).toEqual({ ok: true, reason: "" });
    expect(given).toEqual([{ callId: "call-1", epoch: 1, to }]);
    expect(t.boss.runningCalls()).toEqual([]);
  });

  it("goes on here where nobody takes it: the refusal's code comes back, and the call is told once", async () => {
    const t = await told({ handOver: async () => ({ accepted: false, reason: "template-variable-missing" }) });
    t.boss.shardMessage(1, { type: "call-released", jobId: "job-1" });
    await settle();
    t.boss.shardMessage(1, { type: "call-ended", jobId: "job-1", reason: "taken-over", error: null });
    expect(await t.answer).toEqual({ ok: false, reason: "template-variable-missing" });
    await settle();
    const notTransferred = {
      code: "not-handed-over",
      message: "sales did not take the call: template-variable-missing",
    };
    expect(t.runs().at(-1)).toMatchObject({ callId: "call-1", epoch: 2, recovery: { notTransferred } });
    t.kill(t.runs().at(-1)?.shardId ?? 0);
    await settle();
    expect(t.runs().at(-1)).toMatchObject({ epoch: 3, recovery: { notTransferred: null } });
  });

  it("asked for by its own agent, is answered at once: that one has yet to fall silent", async () => {
    const t = await told({}, { soon: true });
    expect(await t.answer).toEqual({ ok: true, reason: "" });
    expect(last(t)).toMatchObject({ type: "release-call" });
  });

  it("stays where it is when no worker has that agent, or there is no server", async () => {
    const nowhere = await told({}, { runBy: null });
    expect(await nowhere.answer).toMatchObject({
      ok: false,
      reason: "agent-not-here",
      detail: expect.stringContaining("billing"),
    });
    const own = await told({}, { runBy: "shop" });
    expect(await own.answer).toMatchObject({ reason: "agent-not-here" });
    expect(last(own)?.type).toBe("order");
  });
});

describe("a call that comes from another agent", () => {
  const next = { agentId: "shop", agentVersion: null, message: "Hello.", reason: null, by: "root" };
  const args = { room: "r", token: "t", identity: "agent-x", agentName: "shop", epoch: 1_000, crashes: 0, next };
  const started = { callId: "call-9", epoch: 1, seq: 1, at: 0, version: 1, ...callStarted({ agent: "front" }) };
  const readLog = async () => [{ ...started, settings: settingsSchema.parse({}) }];

  async function ordered() {
    const t = setUp({ backend: { readLog } });
    const answer = t.boss.ordered({ callId: "call-9", name: "take-over", args });
    await expect.poll(() => t.sent.at(-1)?.message.type).toBe("arrival");
    const question = t.sent.at(-1);
    if (question?.message.type !== "arrival") throw new Error("nobody was asked");
    const { offerId, logPath } = question.message;
    expect(existsSync(logPath)).toBe(true);
    const says = (accept: boolean, reason: string) =>
      t.boss.shardMessage(question.shardId, { type: "offer-answer", offerId, accept, reason });
    return { ...t, answer, says, logPath };
  }

  it("is begun with once its agent has said that it could, and is told whom it comes from", async () => {
    const t = await ordered();
    t.says(true, "accepted");
    expect(await t.answer).toEqual({ ok: true, reason: "" });
    await settle();
    expect(t.runs()).toMatchObject([{ callId: "call-9", epoch: 1_000, next: { ...next, sinceEpoch: 1_000 } }]);
  });

  it("is refused with its agent's reason, and nothing of it is kept", async () => {
    const t = await ordered();
    t.says(false, "template-variable-missing");
    expect(await t.answer).toEqual({ ok: false, reason: "template-variable-missing" });
    expect(t.boss.health().slots.taken).toBe(0);
    expect(existsSync(t.logPath)).toBe(false);
    expect(t.runs()).toEqual([]);
  });
});

describe("an agent that asks for another one", () => {
  const wanted = { type: "transfer-wanted", askId: 7, jobId: "job-1", wanted: { agentId: "sales" } } as const;
  async function asked(backend: Partial<Backend> | undefined, jobId = "job-1") {
    const t = setUp(backend ? { backend } : {});
    await t.take(1);
    await settle();
    t.boss.shardMessage(1, { ...wanted, jobId });
    await settle();
    const told = t.sent.at(-1)?.message;
    return told?.type === "transfer-answer" ? told : null;
  }

  it("is told what the server says", async () => {
    const calls: unknown[] = [];
    const transfer: Backend["transfer"] = async (one) => {
      calls.push(one);
      return { ok: true, reason: "" };
    };
    expect(await asked({ transfer })).toMatchObject({ askId: 7, result: { ok: true } });
    expect(calls).toEqual([{ callId: "call-1", agentId: "sales" }]);
  });

  it("is told so when the server does not say, when there is none, and when the call is over", async () => {
    const transfer = () => Promise.reject(new Error("line gone"));
    expect(await asked({ transfer })).toMatchObject({ result: { ok: false, reason: "no-answer" } });
    const alone = await asked(undefined);
    expect(alone).toMatchObject({
      result: { reason: "agent-not-found", detail: expect.stringContaining("BACKEND_URL") },
    });
    expect(await asked({}, "job-8")).toMatchObject({ result: { reason: "call-over" } });
  });
});
