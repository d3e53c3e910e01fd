import { type Fact, isDecision } from "@parley/conversation";
import { patiently } from "@parley/engine";
import { outsideClock, virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { type Scene, scene } from "./harness.ts";

const asked = "When do you open?";
const whole =
  "We open at nine in the morning and we close at half past six in the evening. On Sundays we are closed all day long.";
const STOOD_MS = 5_000;

/** A call with one person in it, in a process that reads what has come only after its timers. */
async function begun(options: Scene = {}) {
  const call = scene({
    stt: { answers: [asked, asked, asked] },
    llm: { answers: [whole, whole] },
    readsLate: true,
    ...options,
  });
  await call.begin();
  await call.clock.advance(3_000);
  return call;
}

/** Each deadline came once. */
function expectNoStorm(facts: readonly Fact[]): void {
  const came = facts.flatMap((fact) => (fact.type === "deadline-passed" ? [fact.deadline] : []));
  expect(came).toHaveLength(new Set(came).size);
}

describe("a process that stands still for seconds", () => {
  it("in the middle of a reply: goes on with it from what was heard, and remembers it whole", async () => {
    const call = await begun();
    await call.speak(1_000);
    await call.clock.advance(2_500);
    expect(call.count("playback-progress")).toBeGreaterThan(1);
    call.clock.block(STOOD_MS);
    const resumedAt = call.clock.now();
    await call.clock.advance(100);
    const around = call.log.facts.filter((fact) => fact.at >= resumedAt - 10);
    expect(around.length).toBeLessThan(12);
    await call.clock.advance(12_000);
    expect(call.texts()).toEqual([asked, whole]);
    // One gap at the caller's ear: what was in the mouth was played, the rest follows.
    expect(call.caller.heard(1_000)).toHaveLength(2);
    expect(call.count("reply-finished")).toBe(1);
    expect(call.count("reply-failed") + call.count("turn-failed")).toBe(0);
    expectNoStorm(call.log.facts);
    expect(call.differences()).toEqual([]);
  });

  it("while the caller speaks: hears the rest, late, as one turn", async () => {
    const call = await begun();
    const said = call.speak(7_000);
    await call.clock.advance(1_500);
    call.clock.block(STOOD_MS);
    await said;
    await call.clock.advance(1_500);
    expect(call.count("turn-committed")).toBe(1);
    expect(call.fact("transcript-final")?.audioMs).toBeGreaterThan(6_500);
    expectNoStorm(call.log.facts);
  });

  it("in a short pause of the caller's: does not cut him off, whose going on lies unread", async () => {
    const settings = {
      endpointing: { policy: "fixed" as const, minMs: 800 },
      speculation: { policy: "never" as const },
    };
    const call = await begun({ settings });
    await call.speak(1_000);
    // The pause is known, its end is waited for; he goes on within it, and nobody reads that.
    await call.clock.advance(400);
    expect(call.count("speech-ended")).toBe(1);
    const more = call.speak(6_000);
    call.clock.block(STOOD_MS);
    await more;
    await call.clock.advance(2_000);
    expect(call.count("turn-committed")).toBe(1);
    const segments = call.log.facts.filter((fact) => fact.type === "transcript-final");
    expect(segments).toHaveLength(2);
    expectNoStorm(call.log.facts);
    expect(call.differences()).toEqual([]);
  });

  it("while an answer is waited for: takes the one that came, though its time has passed meanwhile", async () => {
    const call = await begun({ stt: { answers: [asked], delayMs: 2_000 } });
    await call.speak(1_000);
    await call.clock.advance(900);
    expect(call.count("transcript-requested")).toBe(1);
    call.clock.block(12_500);
    await call.clock.advance(10_000);
    expect(call.count("transcript-failed") + call.count("turn-failed")).toBe(0);
    expect(call.texts()).toEqual([asked, whole]);
  });

  it("decides nothing on its own while it catches up: every input is one that came or fell due", async () => {
    const call = await begun();
    await call.speak(800);
    await call.clock.advance(1_200);
    call.clock.block(STOOD_MS);
    await call.clock.advance(5_000);
    const inputs = call.log.facts.filter((fact) => !isDecision(fact) && fact.type === "deadline-passed");
    expect(inputs.length).toBeLessThan(6);
    expectNoStorm(call.log.facts);
  });
});

describe("patiently", () => {
  it("runs in time, or a little after what lay unread, or not at all", async () => {
    const clock = virtualClock();
    const outside = outsideClock(clock);
    const ran: string[] = [];
    patiently(clock, 100, () => ran.push(`in time@${clock.now()}`));
    await clock.advance(200);
    patiently(clock, 100, () => ran.push(`late@${clock.now()}`));
    const cancel = patiently(clock, 120, () => ran.push("cancelled"));
    outside.after(90, () => ran.push(`read@${clock.now()}`));
    clock.block(1_000);
    await clock.advance(1);
    cancel();
    await clock.advance(100);
    expect(ran).toEqual(["in time@100", "read@1200", "late@1250"]);
    expect(clock.pending).toBe(0);
  });
});

describe("a wall clock that jumps", () => {
  it("by hours, both ways, changes nothing but what is shown of it", async () => {
    const run = async (jump: boolean): Promise<Fact[]> => {
      const clock = virtualClock();
      const wall = clock.wall;
      if (jump) clock.wall = () => wall() + (clock.now() % 4_000 < 2_000 ? 7 : -7) * 3_600_000;
      const call = scene({ clock, stt: { answers: [asked] }, llm: { answers: [whole] } });
      await call.begin();
      await clock.advance(2_000);
      await call.speak(1_000);
      await clock.advance(12_000);
      call.call.close("test");
      await clock.until(call.call.done);
      return call.log.facts.map((fact) => ("wallMs" in fact ? { ...fact, wallMs: 0 } : fact));
    };
    const facts = await run(true);
    expect(facts).toEqual(await run(false));
    expect(facts.length).toBeGreaterThan(20);
  });

  it.each([
    ["hours ago", 9 * 3_600_000, 600_000],
    ["in the future", -9 * 3_600_000, 0],
    ["at no time", Number.NaN, 0],
  ])(
    "between two processes, so that the log seems to be written %s, counts as ten minutes at most",
    async (_what, gapMs, most) => {
      const first = await begun();
      const facts = structuredClone(first.log.facts) as Fact[];
      const next = scene({ recovered: { facts, gapMs, by: "w2" } });
      await next.begin();
      const gap = (next.fact("call-recovered")?.at ?? 0) - (facts.at(-1)?.at ?? 0);
      expect(gap).toBeGreaterThanOrEqual(most);
      expect(gap).toBeLessThan(most + 100);
    },
  );
});
