import type { Fact, FactOf } from "@parley/conversation";
import { type CallControl, endingFacts } from "@parley/engine";
import { describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

const known = { userId: "ann", context: { name: "Ann", plan: "gold" } };

describe("what is known of a caller", () => {
  it("is changed by the agent: seen at once, and a fact", async () => {
    const met: CallControl[] = [];
    const s = scene({ callMetadata: known, agent: { hooks: { onEnter: (call) => void met.push(call) } } });
    await s.begin();
    const call = met[0];
    call?.userContext.update({ plan: null, city: "Oslo" });
    expect(call?.userContext.get()).toEqual({ name: "Ann", city: "Oslo" });
    expect(call?.context.metadata).toEqual({ userId: "ann", context: { name: "Ann", city: "Oslo" } });
    expect(s.fact("context-updated")).toMatchObject({ patch: { plan: null, city: "Oslo" }, replaces: false });
    expect(s.fact("call-started")?.metadata).toEqual(known);
    call?.userContext.set({ name: "Anna" });
    expect(call?.userContext.get()).toEqual({ name: "Anna" });
    expect(s.differences()).toEqual([]);
  });

  it("is known by the process that goes on with the call", async () => {
    const dead = scene({ callMetadata: known });
    await dead.begin();
    dead.call.control.userContext.set({ name: "Anna" });
    dead.call.control.userContext.update({ likes: { tea: true } });
    const facts = structuredClone(dead.log.facts);
    const next = scene({ recovered: { facts, gapMs: 400, by: "w2" }, callMetadata: known });
    await next.begin();
    expect(next.call.control.userContext.get()).toEqual({ name: "Anna", likes: { tea: true } });
    next.call.control.userContext.update({ likes: { tea: null, coffee: true } });
    expect(next.call.control.context.metadata.context).toEqual({ name: "Anna", likes: { coffee: true } });
  });

  it("is refused with the reason, and stays as it was", async () => {
    const s = scene({ callMetadata: known });
    await s.begin();
    const { userContext } = s.call.control;
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const refused = (run: () => void, code: string) => expect(run).toThrow(expect.objectContaining({ code }));
    refused(() => userContext.update(circle), "context-not-json");
    refused(() => userContext.set(["Ann"] as never), "context-not-json");
    refused(() => userContext.update({ story: "x".repeat(32_768) }), "context-too-large");
    expect(userContext.get()).toEqual(known.context);
    expect(s.fact("context-updated")).toBeUndefined();
    s.call.close("test");
    await s.clock.advance(1_000);
    refused(() => userContext.update({ late: true }), "call-over");
  });

  it("is kept of whoever has a userId or a number, and of no stranger", async () => {
    const stranger = scene({});
    await stranger.begin();
    expect(() => stranger.call.control.userContext.update({ name: "Eve" })).toThrow(
      expect.objectContaining({ code: "no-user", message: expect.stringContaining("userId") }),
    );
    const byNumber = scene({ from: "+1555" });
    await byNumber.begin();
    byNumber.call.control.userContext.update({ name: "Bo" });
    expect(byNumber.fact("context-updated")).toMatchObject({ patch: { name: "Bo" } });
  });
});

describe("what the author's onExit learns of the caller", () => {
  const closing = { exitMs: 5_500 };
  const learned = (facts: readonly Fact[]) =>
    facts.filter((fact): fact is FactOf<"context-updated"> => fact.type === "context-updated");
  const tail = (s: ReturnType<typeof scene>, count: number) => s.types().slice(-count);

  it("is the last of the log but its end", async () => {
    const seen: unknown[] = [];
    const onExit = async (call: CallControl, reason: string) => {
      call.userContext.update({ lastEnd: reason });
      seen.push(call.userContext.get());
      await new Promise<void>((done) => s.clock.after(400, done));
      call.userContext.update({ calls: 4 });
    };
    const s = scene({ callMetadata: known, settings: { closing }, agent: { hooks: { onExit } } });
    await s.begin();
    s.call.close("done");
    await s.clock.advance(399);
    // Nothing yet: a process that died now would have told nothing, and the next one runs it anew.
    expect(tail(s, 1)).toEqual(["exit-requested"]);
    await s.clock.advance(1);
    expect(tail(s, 4)).toEqual(["context-updated", "context-updated", "exit-finished", "call-closed"]);
    expect(learned(s.log.facts)).toMatchObject([{ patch: { lastEnd: "done" } }, { patch: { calls: 4 } }]);
    expect(seen).toEqual([{ ...known.context, lastEnd: "done" }]);
    expect(await s.clock.until(s.call.done)).toEqual({ reason: "done" });
    expect(s.differences()).toEqual([]);
    expect(s.leaks()).toEqual(none);
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no"))],
    ["never returns", () => new Promise<void>(() => {})],
  ])("is kept of one that %s afterwards, and the call ends in time", async (_, goesOn) => {
    let control: CallControl | undefined;
    const onExit = (call: CallControl) => {
      control = call;
      call.userContext.update({ seen: true });
      return goesOn();
    };
    const s = scene({ callMetadata: known, settings: { closing }, agent: { hooks: { onExit } } });
    await s.begin();
    s.call.close("done");
    await s.clock.advance(5_400);
    expect(tail(s, 4)).toEqual(["error-occurred", "context-updated", "exit-finished", "call-closed"]);
    expect(() => control?.userContext.update({ late: true })).toThrow(expect.objectContaining({ code: "call-over" }));
    expect(learned(s.log.facts)).toHaveLength(1);
  });

  it("is learnt once, wherever its process died", async () => {
    let runs = 0;
    const onExit = async (call: CallControl) => {
      runs++;
      await Promise.resolve();
      call.userContext.update({ calls: Number(call.userContext.get().calls ?? 0) + 1 });
    };
    const agent = { hooks: { onExit } };
    const whole = scene({ callMetadata: known, settings: { closing }, agent });
    await whole.begin();
    whole.call.close("done");
    await whole.clock.advance(100);
    const { facts } = whole.log;
    const closingAt = facts.findIndex(({ type }) => type === "call-closing");
    for (let cut = closingAt + 1; cut < facts.length; cut++) {
      runs = 0;
      const before = structuredClone(facts.slice(0, cut));
      const recovered = { facts: before, gapMs: 400, by: "w2" };
      const s = scene({ recovered, callMetadata: known, settings: { closing }, agent });
      await s.clock.until(s.call.start());
      await s.clock.until(s.call.done);
      const all = [...before, ...s.log.facts];
      expect(learned(all).map((fact) => fact.patch)).toEqual([{ calls: 1 }]);
      expect(runs).toBe(learned(before).length > 0 ? 0 : 1);
      expect(all.at(-1)).toMatchObject({ type: "call-closed", reason: "done" });
      // Nobody is greeted by a process that comes for this alone.
      expect(s.transport.phase).not.toBe("open");
      expect(s.differences()).toEqual([]);
    }
  });

  it("is not told by a process that has lost the call meanwhile", async () => {
    const onExit = async (call: CallControl) => {
      call.userContext.update({ calls: 1 });
      await new Promise<void>((done) => s.clock.after(400, done));
    };
    const s = scene({ callMetadata: known, settings: { closing }, agent: { hooks: { onExit } } });
    await s.begin();
    s.call.close("done");
    await s.call.abandon();
    await s.clock.advance(1_000);
    expect(tail(s, 1)).toEqual(["exit-requested"]);
    expect(await s.call.done).toEqual({ reason: "taken-over" });
  });
});

it("a call that no process may run any more ends in the same moment, without its author's onExit", async () => {
  const s = scene({ callMetadata: known, settings: { closing: { exitMs: 5_500 } } });
  await s.begin();
  const ending = endingFacts(s.log.facts, 2, "process-died", 0);
  expect(ending.slice(-3).map(({ type }) => type)).toEqual(["exit-requested", "exit-finished", "call-closed"]);
  expect(ending.at(-1)?.at).toBe(s.log.facts.at(-1)?.at);
});
