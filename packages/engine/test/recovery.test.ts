import type { Fact } from "@parley/conversation";
import { describe, expect, it } from "vitest";
import { checkpointAfter } from "../src/call/sounded-on.ts";
import { none, type Scene, scene } from "./harness.ts";

const asked = "When do you open?";
const whole = "We open at nine in the morning and we close at half past six in the evening.";

/** A call up to the fact after which its process died: the nth of a type. */
async function cut(type: Fact["type"], options: Scene = {}, nth = 1): Promise<Fact[]> {
  const dead = scene({ stt: { answers: [asked] }, llm: { answers: [whole] }, ...options });
  await dead.begin();
  await dead.clock.advance(3_000);
  await dead.speak(1_000);
  await dead.clock.advance(8_000);
  let left = nth;
  const last = dead.log.facts.findIndex((fact) => fact.type === type && --left === 0);
  if (last < 0) throw new Error(`no ${type} number ${nth} among ${dead.types().join(" ")}`);
  return structuredClone(dead.log.facts.slice(0, last + 1)) as Fact[];
}

async function goneOn(facts: readonly Fact[], options: Scene = {}) {
  const next = scene({ recovered: { facts, gapMs: 400, by: "w2" }, ...options });
  await next.begin();
  await next.clock.advance(10_000);
  return next;
}

describe("a call that goes on in another process", () => {
  it("takes a reply up at the word that was heard last, and remembers it once", async () => {
    const facts = await cut("playback-progress", {}, 3);
    const next = await goneOn(facts);
    const [recovered] = next.log.facts;
    expect(recovered).toMatchObject({ type: "call-recovered", epoch: 2, seq: facts.length + 1, by: "w2" });
    expect((recovered?.at ?? 0) - (facts.at(-1)?.at ?? 0)).toBeCloseTo(400, -1);
    const rest = next.fact("reply-requested");
    expect(rest).toMatchObject({ cause: { kind: "resume" } });
    expect(rest?.text?.length).toBeLessThan(whole.length);
    expect(next.texts().join(" ")).toBe(`${asked} ${whole}`);
    expect(next.caller.heard()).toHaveLength(1);
    expect(next.differences()).toEqual([]);
  });

  it("takes a reply up behind what was queued, when the process stood still and its voice did not", async () => {
    const facts = await cut("playback-progress", {}, 3);
    const told = facts.at(-1);
    if (told?.type !== "playback-progress") throw new Error("unreachable");
    expect(told.queuedMs).toBeGreaterThan(100);
    const next = await goneOn(facts, { recovered: { facts, gapMs: 400, by: "w2", soundedOn: true } });
    const [checkpoint, recovered] = next.log.facts;
    const heardMs = told.heardMs + (told.queuedMs ?? 0);
    expect(checkpoint).toMatchObject({ type: "playback-progress", epoch: 2, seq: facts.length + 1, heardMs });
    expect(recovered).toMatchObject({ type: "call-recovered", epoch: 2, seq: facts.length + 2 });
    const before = await goneOn(facts);
    const restOf = ({ fact }: typeof next) => fact("reply-requested")?.text?.length ?? 0;
    expect(restOf(next)).toBeLessThan(restOf(before));
    expect(next.texts().join(" ")).toBe(`${asked} ${whole}`);
    expect(next.differences()).toEqual([]);
  });

  it("adds nothing to a reply that was not sounding when the process stood still", async () => {
    for (const type of ["playback-drained", "turn-committed"] as const) {
      const facts = await cut(type);
      const next = await goneOn(facts, { recovered: { facts, gapMs: 400, by: "w2", soundedOn: true } });
      expect(next.log.facts.find(({ epoch }) => epoch === 2)?.type).not.toBe("playback-progress");
    }
  });

  it("adds nothing to a reply that was silenced in the last step before the standstill", async () => {
    const facts = await cut("playback-progress", {}, 3);
    const told = facts.at(-1);
    if (told?.type !== "playback-progress") throw new Error("unreachable");
    const { callId, epoch, version, seq, at, replyId } = told;
    const paused = {
      type: "reply-paused",
      callId,
      epoch,
      version,
      seq: seq + 1,
      at,
      replyId,
      because: "words",
    } as Fact;
    expect(checkpointAfter(facts, 2)).toMatchObject({ heardMs: told.heardMs + (told.queuedMs ?? 0) });
    expect(checkpointAfter([...facts, paused], 2)).toBeNull();
  });

  it("answers a turn that nobody had heard an answer to", async () => {
    const next = await goneOn(await cut("turn-committed"), { llm: { answers: ["At nine."] } });
    expect(next.texts()).toEqual([asked, "At nine."]);
    expect(next.count("turn-replied")).toBe(1);
  });

  it("asks again for words whose sound died with the process", async () => {
    const next = await goneOn(await cut("speech-started"));
    expect(next.fact("turn-failed")).toMatchObject({ stage: "stt" });
    expect(next.texts().at(-1)).toMatch(/say that again/);
  });

  it("greets once: anew when nobody had heard the greeting, not again when somebody had", async () => {
    const agent = { greeting: "Hello there." };
    const unheard = await goneOn(await cut("reply-released", { agent }), { agent });
    expect(unheard.texts()).toEqual(["Hello there."]);
    const heard = await goneOn(await cut("reply-finished", { agent }), { agent });
    expect(heard.texts()).toEqual(["Hello there."]);
    expect(heard.count("reply-requested")).toBe(0);
  });

  it("never runs an effectful tool again, and tells the model that its outcome is unknown", async () => {
    const ran: string[] = [];
    const tool = {
      name: "book",
      description: "Books.",
      parameters: { type: "object" as const },
      readOnly: false,
      execute: (_args: unknown, { signal }: { signal: AbortSignal }) => {
        ran.push("book");
        return new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    };
    const agent = { tools: [tool] };
    const answers = [{ toolCalls: [{ tool: "book", args: {} }] }];
    const settings = { speculation: { policy: "never" as const } };
    const facts = await cut("tool-started", { agent, settings, llm: { answers } });
    const next = await goneOn(facts, { agent, llm: { answers: ["I am not sure that it was booked."] } });
    expect(ran).toEqual(["book"]);
    expect(next.fact("tool-cancelled")).toMatchObject({ reason: "outcome-unknown" });
    expect(JSON.stringify(next.llm.requests.at(-1)?.request.messages)).toContain("outcome-unknown");
  });

  it("does not enter twice, and knows its caller", async () => {
    const entered: unknown[] = [];
    const agent = {
      instructions: "Be nice to {{caller.name}}.",
      hooks: { onEnter: () => void entered.push("entered") },
    };
    const facts = await cut("turn-committed", { agent });
    const next = await goneOn(facts, { agent, llm: { answers: ["At nine."] } });
    expect(entered).toHaveLength(1);
    expect(next.llm.requests.at(-1)?.request.instructions).toMatch(/^Be nice to \S+\.$/);
  });

  it("says farewell and ends when it must not go on", async () => {
    const farewell = { text: "I am sorry, we have to stop here.", reason: "recovered-too-often" };
    const facts = await cut("turn-committed");
    const next = scene({ recovered: { facts, gapMs: 0, by: "w2", farewell } });
    await next.begin();
    expect(await next.clock.until(next.call.done)).toEqual({ reason: "recovered-too-often" });
    expect(next.texts().at(-1)).toBe(farewell.text);
    expect(next.leaks()).toEqual(none);
  });

  it("makes the decisions that were cut off with the process, in its own epoch", async () => {
    const facts = await cut("transcript-final");
    const next = await goneOn(facts, { llm: { answers: ["At nine."] } });
    expect(next.log.facts.every((fact) => fact.epoch === 2)).toBe(true);
    expect(next.log.facts.map((fact) => fact.seq)).toEqual(next.log.facts.map((_, nth) => facts.length + 1 + nth));
    expect(next.texts()).toEqual([asked, "At nine."]);
    expect(next.differences()).toEqual([]);
  });
});
