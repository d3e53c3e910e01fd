import type { ParleyError } from "@parley/engine";
import { describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

function switchable() {
  let held = true;
  const asked: PromiseWithResolvers<boolean>[] = [];
  return {
    lease: {
      isHeld: () => held,
      async confirm() {
        const question = Promise.withResolvers<boolean>();
        asked.push(question);
        const answer = await question.promise;
        held = answer;
        return answer;
      },
    },
    asked,
    doubt: () => {
      held = false;
    },
  };
}

describe("a call whose process may have lost it", () => {
  it("decides nothing while that is asked, and everything once it is its own", async () => {
    const { lease, asked, doubt } = switchable();
    const s = scene({ lease, llm: { answers: ["Yes."] } });
    await s.begin();
    doubt();
    const before = s.log.facts.length;
    s.caller.type("Are you open?");
    s.caller.type("On Sunday?");
    await s.clock.advance(5_000);
    expect(s.log.facts).toHaveLength(before);
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(true);
    await s.clock.advance(3_000);
    expect(s.count("text-received")).toBe(2);
    expect(s.texts().at(-1)).toBe("Yes.");
    expect(s.differences()).toEqual([]);
  });

  it.each(["another has it", "somebody joined in its name"])(
    "leaves without a word, a fact or a hook when %s",
    async (how) => {
      const exits: string[] = [];
      const { lease, asked, doubt } = switchable();
      const s = scene({ lease, agent: { hooks: { onExit: (_call, reason) => void exits.push(reason) } } });
      await s.begin();
      const before = s.log.facts.length;
      if (how === "another has it") {
        doubt();
        s.caller.type("Are you open?");
        await s.clock.advance(10);
        asked[0]?.resolve(false);
      } else s.transport.room.closed("duplicate-identity");
      const reason = how === "another has it" ? "taken-over" : "evicted";
      expect(await s.clock.until(s.call.done)).toEqual({ reason });
      s.caller.type("Hello?");
      await s.clock.advance(60_000);
      expect(s.log.facts).toHaveLength(before);
      expect(exits).toEqual([]);
      expect(s.leaks()).toEqual(none);
    },
  );
});

describe("a call that is let go of while it joins", () => {
  it("is over, and nobody's fault", async () => {
    const severities: string[] = [];
    const note = (severity: string) => (_: object, message: string) => void severities.push(`${severity}: ${message}`);
    const logger = { info: note("info"), warn: note("warn"), error: note("error") };
    const s = scene({ openMs: 2_000, logger });
    const started = s.call.start().catch((error: ParleyError) => error);
    await s.clock.advance(500);
    void s.call.abandon();
    expect(await s.clock.until(started)).toMatchObject({ category: "cancelled" });
    expect(await s.clock.until(s.call.done)).toEqual({ reason: "taken-over" });
    expect(severities).toEqual(["info: the call can't start"]);
    expect(s.leaks()).toEqual(none);
  });
});

describe("a call that is handed over", () => {
  it("closes its log at a quiet moment, and stays in the room until its successor is there", async () => {
    const s = scene({ stt: { answers: ["Count."] }, llm: { answers: ["One two three four five six seven."] } });
    await s.begin();
    await s.speak(800);
    await s.clock.advance(900);
    let released = false;
    const release = s.call.release(20_000).then(() => {
      released = true;
    });
    await s.clock.advance(200);
    expect(released).toBe(false);
    await s.clock.advance(8_000);
    await release;
    expect(s.texts()).toEqual(["Count.", "One two three four five six seven."]);
    expect(s.log.closed).toBe(true);
    const facts = s.log.facts.length;
    expect(s.transport.phase).toBe("open");
    await s.speak(800);
    await s.clock.advance(3_000);
    expect(s.log.facts).toHaveLength(facts);
    s.transport.room.closed("duplicate-identity");
    expect(await s.clock.until(s.call.done)).toEqual({ reason: "evicted" });
    expect(s.leaks()).toEqual(none);
  });

  it("waits no longer than it was told to", async () => {
    const s = scene({ stt: { answers: ["Count."] }, llm: { answers: ["One two three four five six seven."] } });
    await s.begin();
    await s.speak(800);
    await s.clock.advance(900);
    await s.clock.until(s.call.release(300));
    expect(s.log.closed).toBe(true);
    expect(s.count("reply-finished")).toBe(0);
  });
});
