import { settingsSchema } from "@parley/conversation";
import type { CallAgent, CallControl } from "@parley/engine";
import { fakeLlm, fakeRealtimeModel, fakeStt } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { billing, none, scene } from "./harness.ts";

type Scene = ReturnType<typeof scene>;

function other({ clock }: Scene, more: Partial<CallAgent> = {}) {
  const llm = fakeLlm({ clock, answers: ["Billing can see that."] });
  const agent = billing(clock, { stt: fakeStt({ clock, answers: ["What do I owe?"] }), llm, ...more });
  return { llm, change: { agent, agentId: "billing", version: 3, by: "root" } };
}

describe("another agent", () => {
  it("has its own onExit, whether the one before it had one or not", async () => {
    const exits: string[] = [];
    const exitOf = (name: string) => ({ hooks: { onExit: () => void exits.push(name) } });
    const [none, some] = [0, 5_500].map((exitMs) => settingsSchema.parse({ closing: { exitMs } }));
    for (const [before, after] of [
      [
        { hooks: {}, settings: none! },
        { ...exitOf("second"), settings: some! },
      ],
      [
        { ...exitOf("first"), settings: some! },
        { hooks: {}, settings: none! },
      ],
    ]) {
      const s = scene({ agent: before! });
      await s.begin();
      s.call.changeAgent(other(s, after).change);
      s.call.close("done");
      await s.clock.advance(6_000);
      expect(s.types().includes("exit-requested")).toBe(after!.settings === some);
      expect(s.types().at(-1)).toBe("call-closed");
    }
    expect(exits).toEqual(["second"]);
  });

  it("goes on with the call: greets, hears, knows what was said, answers with its own mind and voice", async () => {
    const s = scene({
      agent: { greeting: "Hello." },
      stt: { answers: ["I am Ann."] },
      llm: { answers: ["Hello Ann."] },
    });
    await s.begin();
    await s.clock.advance(2_000);
    await s.speak(1_000);
    await s.clock.advance(3_000);
    const met: string[] = [];
    const hooks = { onEnter: (call: CallControl) => void met.push(call.agent) };
    const { llm, change } = other(s, { hooks });
    s.call.changeAgent(change);
    await s.clock.advance(3_000);
    expect(met).toEqual(["billing"]);
    await s.speak(1_000);
    await s.clock.advance(4_000);
    expect(s.texts()).toEqual([
      "Hello.",
      "I am Ann.",
      "Hello Ann.",
      "Billing, hello.",
      "What do I owe?",
      "Billing can see that.",
    ]);
    expect(llm.requests[0]!.request.instructions).toContain("You are billing.");
    expect(s.llm.requests).toHaveLength(1);
    expect(s.fact("agent-changed")).toMatchObject({
      agent: "billing",
      agentId: "billing",
      agentVersion: 3,
      by: "root",
    });
    expect(s.differences()).toEqual([]);
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
  });

  it("answers in the place of the one before what that one was still thinking about", async () => {
    const s = scene({ stt: { answers: ["What do I owe?"] }, llm: { firstMs: 5_000 } });
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(1_500);
    s.call.changeAgent({ ...other(s).change, message: "One moment, I connect you." });
    await s.clock.advance(8_000);
    expect(s.texts()).toEqual(["What do I owe?", "One moment, I connect you.", "Billing can see that."]);
    expect(s.count("turn-replied")).toBe(1);
  });

  it("is refused where it could not go on, and nothing has changed", async () => {
    const s = scene();
    await s.begin();
    const refused = (more: Partial<CallAgent>) => () => s.call.changeAgent(other(s, more).change);
    expect(refused({ realtime: fakeRealtimeModel() })).toThrow(expect.objectContaining({ code: "speaks-realtime" }));
    expect(refused({ instructions: "{{metadata.plan}}" })).toThrow(/metadata\.plan/);
    s.call.close("test");
    expect(refused({})).toThrow(expect.objectContaining({ code: "call-over" }));
    expect(s.count("agent-changed")).toBe(0);
  });
});
