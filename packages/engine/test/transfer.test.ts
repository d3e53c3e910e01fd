import { type Fact, settingsSchema } from "@parley/conversation";
import type { AgentTool, CallAgent, CallControl, Recovery, TransferWanted } from "@parley/engine";
import { fakeLlm, fakeRealtimeModel, fakeStt, type VirtualClock, virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { billing, none, type Scene, scene } from "./harness.ts";

/** The tool by which an author's agent hands its call on. */
function connects(agentId: string, options: { waitMs?: number; says?: string; clock?: VirtualClock } = {}): AgentTool {
  return {
    name: "connect",
    description: "Connects the caller",
    parameters: { type: "object", properties: {} },
    readOnly: false,
    async execute(_args, { call, say }) {
      if (options.says) say(options.says);
      if (options.waitMs) await new Promise<void>((resolve) => options.clock?.after(options.waitMs ?? 0, resolve));
      await call.transferTo(agentId, { reason: "asks for a bill" });
      return { connected: true };
    },
  };
}

function colleague(clock: VirtualClock, more: Partial<CallAgent> = {}): CallAgent {
  const stt = fakeStt({ clock, answers: ["Thank you."] });
  const llm = fakeLlm({ clock, answers: ["You owe nothing.", "Not at all."] });
  return billing(clock, { stt, llm, ...more });
}

async function asked(tool: AgentTool, given: Partial<Scene> & { colleagues?: readonly CallAgent[] }, text = "") {
  const s = scene({
    stt: { answers: ["What do I owe?"] },
    ...given,
    llm: { answers: [{ text, toolCalls: [{ tool: "connect", args: {} }] }, "I could not connect you."] },
    agent: { tools: [tool], ...given.agent },
  });
  await s.begin();
  await s.speak(1_000);
  return s;
}

describe("an agent hands its call to a colleague", () => {
  it("who greets, knows what was said, and answers what was asked", async () => {
    const clock = virtualClock();
    const billing = colleague(clock);
    const s = await asked(connects("billing"), { clock, colleagues: [billing] });
    await s.clock.advance(6_000);
    expect(s.texts().filter(Boolean)).toEqual(["What do I owe?", "Billing, hello.", "You owe nothing."]);
    expect(s.fact("agent-changed")).toMatchObject({
      agent: "billing",
      agentId: "billing",
      agentVersion: null,
      by: "agent",
      reason: "asks for a bill",
    });
    expect(s.fact("tool-finished")).toMatchObject({ result: { connected: true } });
    expect(s.call.control.agent).toBe("billing");
    expect(s.count("turn-replied")).toBe(1);
    expect(s.differences()).toEqual([]);
    s.call.close("test");
    await s.clock.until(s.call.done);
    expect(s.leaks()).toEqual(none);
  });

  it("saying to its end what it began to say, and no more; the colleague's greeting comes next", async () => {
    const clock = virtualClock();
    const billing = colleague(clock);
    const tool = connects("billing", { waitMs: 1_500, clock });
    const s = await asked(tool, { clock, colleagues: [billing] }, "I connect you with billing.");
    await s.clock.advance(9_000);
    expect(s.texts().filter(Boolean)).toEqual(["What do I owe?", "I connect you with billing.", "Billing, hello."]);
    expect(s.llm.requests).toHaveLength(1);
    expect(s.count("reply-continued")).toBe(0);
    await s.speak(800);
    await s.clock.advance(4_000);
    expect(s.texts().filter(Boolean).slice(-2)).toEqual(["Thank you.", "You owe nothing."]);
  });

  it("nobody is left in silence by one without a greeting: it goes on with what was begun", async () => {
    const clock = virtualClock();
    const billing = colleague(clock, { greeting: null });
    const tool = connects("billing", { waitMs: 1_500, clock });
    const s = await asked(tool, { clock, colleagues: [billing] }, "One moment.");
    await s.clock.advance(9_000);
    expect(s.texts().filter(Boolean)).toEqual(["What do I owe?", "One moment.", "You owe nothing."]);
  });

  it("and goes on itself where that one cannot: the model is told why", async () => {
    const clock = virtualClock();
    const cases: [string, Partial<CallAgent>, RegExp][] = [
      ["sales", {}, /There is no agent \\"sales\\" here\..*: billing\./],
      ["test", {}, /test has the call already/],
      ["billing", { realtime: fakeRealtimeModel() }, /speech-to-speech/],
      ["billing", { instructions: "{{metadata.plan}}" }, /metadata\.plan/],
    ];
    for (const [agentId, more, problem] of cases) {
      const s = await asked(connects(agentId), { clock, colleagues: [colleague(clock, more)] });
      await s.clock.advance(6_000);
      expect(s.count("agent-changed")).toBe(0);
      expect(s.fact("tool-failed")).toBeDefined();
      expect(JSON.stringify(s.llm.requests[1]?.request.messages)).toMatch(problem);
      expect(s.texts().at(-1)).toBe("I could not connect you.");
      s.call.close("test");
      await s.clock.until(s.call.done);
    }
  });

  it("whose hook throws: the call is that one's all the same", async () => {
    const clock = virtualClock();
    const onEnter = () => {
      throw new Error("no list of bills");
    };
    const s = await asked(connects("billing"), { clock, colleagues: [colleague(clock, { hooks: { onEnter } })] });
    await s.clock.advance(6_000);
    expect(s.texts().at(-1)).toBe("You owe nothing.");
    expect(s.fact("error-occurred")).toMatchObject({ source: "hook:onEnter" });
  });

  it("not after the call is over, and at the beginning once there is a log", async () => {
    const clock = virtualClock();
    const outcomes: unknown[] = [];
    const onEnter: CallAgent["hooks"]["onEnter"] = (call) =>
      call.transferTo("billing", { message: "Hello {name}." }).then(() => void outcomes.push("done"));
    const instructions = "Speak with {{caller.name}}.";
    const s = scene({ clock, colleagues: [colleague(clock)], agent: { instructions, hooks: { onEnter } } });
    await s.begin();
    await s.clock.advance(3_000);
    expect(outcomes).toEqual(["done"]);
    expect(s.texts()).toEqual(["Hello {name}."]);
    s.call.close("test");
    await s.clock.until(s.call.done);
    await expect(s.call.control.transferTo("test")).rejects.toMatchObject({ code: "call-over" });
  });
});

describe("an agent elsewhere", () => {
  it("is asked for once at a time, and what comes of it is told", async () => {
    const wanted: TransferWanted[] = [];
    const answers: PromiseWithResolvers<void>[] = [];
    const transferElsewhere = (one: TransferWanted) => {
      wanted.push(one);
      answers.push(Promise.withResolvers());
      return answers.at(-1)?.promise ?? Promise.reject();
    };
    const s = scene({ transferElsewhere });
    await s.begin();
    const { control } = s.call;
    const first = control.transferTo("agent_1", { reason: "why" });
    await s.clock.advance(1);
    await expect(control.transferTo("agent_2")).rejects.toMatchObject({ code: "transfer-under-way" });
    answers[0]?.reject(new Error("nobody there"));
    await expect(first).rejects.toThrow("nobody there");
    const again = control.transferTo("agent_2");
    await s.clock.advance(1);
    answers[1]?.resolve();
    await again;
    expect(wanted).toEqual([
      { agentId: "agent_1", by: "agent", reason: "why" },
      { agentId: "agent_2", by: "agent" },
    ]);
    expect(s.count("agent-changed")).toBe(0);
  });
});

describe("a call that comes from an agent in another process", () => {
  async function before(): Promise<Fact[]> {
    const s = scene({ stt: { answers: ["What do I owe?"] }, llm: { firstMs: 9_000 } });
    await s.begin();
    await s.speak(1_000);
    await s.clock.advance(1_500);
    return structuredClone(s.log.facts) as Fact[];
  }
  const arrival = { agentId: "sales", version: null, by: "root", reason: "why" };
  const met: string[] = [];
  const sales = {
    name: "sales",
    greeting: "Sales, hello.",
    hooks: { onEnter: (call: CallControl) => void met.push(call.agent) },
  };
  const goOn = async (more: Partial<Recovery>, agent: Partial<CallAgent> = sales) => {
    const facts = await before();
    const s = scene({
      recovered: { facts, gapMs: 300, by: "w2", ...more },
      agent,
      llm: { answers: ["You owe nothing."] },
    });
    await s.begin();
    await s.clock.advance(10_000);
    return s;
  };

  it("is told so behind its recovery; the new one meets the caller, greets, and answers what was asked", async () => {
    const s = await goOn({ arrival });
    expect(s.types().filter((type) => type === "call-recovered" || type === "agent-changed")).toEqual([
      "call-recovered",
      "agent-changed",
    ]);
    expect(s.fact("agent-changed")).toMatchObject({ agent: "sales", agentId: "sales", by: "root", reason: "why" });
    expect(s.texts()).toEqual(["What do I owe?", "Sales, hello.", "You owe nothing."]);
    expect(met).toEqual(["sales"]);
    expect(s.count("turn-replied")).toBe(1);
    expect(s.differences()).toEqual([]);
  });

  it("is only said goodbye to where it has broken too many processes", async () => {
    const s = await goOn({ arrival, farewell: { text: "Goodbye.", reason: "recovered-too-often" } });
    expect(s.count("agent-changed")).toBe(0);
    expect(s.texts()).toEqual(["What do I owe?", "Goodbye."]);
  });

  it("or that nobody took: its own agent apologises, and goes on", async () => {
    const error = { code: "not-handed-over", category: "refused", message: "nobody took it", retryable: true };
    const s = await goOn({ notTransferred: error }, { name: "test" });
    expect(s.fact("error-occurred")).toMatchObject({ source: "transfer", error, recoverable: true });
    const { failure } = settingsSchema.parse({}).phrases;
    expect(s.texts()).toEqual(expect.arrayContaining([failure, "You owe nothing."]));
    expect(s.count("agent-changed")).toBe(0);
    expect(s.differences()).toEqual([]);
  });
});
