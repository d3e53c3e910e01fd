import type { CallControl } from "@parley/engine";
import { describe, expect, it } from "vitest";
import { scene } from "./harness.ts";

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
