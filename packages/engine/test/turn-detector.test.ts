import { type FakeTurnDetectorOptions, fakeTurnDetector, virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { none, scene } from "./harness.ts";

/** A call whose caller says "a table", which may be the end or not. */
async function asked(
  answers: FakeTurnDetectorOptions["answers"],
  more: FakeTurnDetectorOptions = {},
  policy = "adaptive",
) {
  const clock = virtualClock();
  const turnDetector = fakeTurnDetector({ clock, ...(answers ? { answers } : {}), ...more });
  const call = scene({
    clock,
    stt: { answers: ["a table"] },
    settings: { endpointing: { policy: policy as "adaptive" | "fixed", minMs: 400, maxMs: 1400 } },
    agent: { turnDetector },
  });
  await call.begin();
  return { ...call, turnDetector };
}

type Asked = Awaited<ReturnType<typeof asked>>;

/** From the last sound to the end of the turn. */
async function delayOf(call: Asked): Promise<number> {
  const before = call.count("turn-committed");
  const { endMs } = await call.speak(800);
  while (call.count("turn-committed") === before) await call.clock.advance(10);
  const commit = call.log.facts.findLast((fact) => fact.type === "turn-committed");
  return (commit?.at ?? 0) - endMs;
}

async function end(call: Asked): Promise<void> {
  call.call.close("done");
  await call.clock.until(call.call.done);
  call.caller.leave();
  expect(call.leaks()).toEqual(none);
  expect(call.turnDetector.requests.filter((request) => request.outcome === "open")).toEqual([]);
  expect(call.differences()).toEqual([]);
}

describe("a turn detector", () => {
  it("is asked at the pause, with the turn's sound, and its answer is a fact that the end rests on", async () => {
    const open = await asked([0.02]);
    expect(await delayOf(open)).toBeGreaterThan(1_300);
    const [request] = open.turnDetector.requests;
    // The sound so far: speech, its beginning and the pause.
    expect((request?.request.samples.length ?? 0) / 16).toBeGreaterThan(900);
    expect(open.fact("turn-end-predicted")).toMatchObject({ turnId: "t1", segment: 0, probability: 0.02 });
    await end(open);
    const finished = await asked([0.99]);
    expect(await delayOf(finished)).toBeLessThan(500);
    await end(finished);
  });

  it("that needs the words is asked when they are there", async () => {
    const call = await asked([0.99], { needsText: true });
    expect(await delayOf(call)).toBeLessThan(500);
    expect(call.turnDetector.requests[0]?.request.text).toBe("a table");
    await end(call);
  });

  it.each([
    ["hangs", { fault: "hung" as const }],
    ["fails", { fault: "unavailable" as const }],
    ["has a fault of its own", { fault: "thrown" as const }],
    ["answers with no number", { probability: Number.NaN }],
    ["answers with more than all", { probability: 3 }],
    ["is slow", { probability: 0, delayMs: 900 }],
  ])("that %s delays nothing", async (_what, answer) => {
    const call = await asked([answer]);
    const alone = await scene({
      stt: { answers: ["a table"] },
      settings: { endpointing: { minMs: 400, maxMs: 1400 } },
    });
    await alone.begin();
    const { endMs } = await alone.speak(800);
    while (alone.count("turn-committed") === 0) await alone.clock.advance(10);
    expect(await delayOf(call)).toBe((alone.fact("turn-committed")?.at ?? 0) - endMs);
    await end(call);
  });

  it("that failed three times in a row is left alone for the rest of the call, which says so once", async () => {
    const call = await asked([{ fault: "unavailable" }]);
    for (let turn = 0; turn < 5; turn++) {
      await delayOf(call);
      await call.clock.advance(5_000);
    }
    expect(call.turnDetector.requests).toHaveLength(3);
    expect(call.count("error-occurred")).toBe(1);
    expect(call.fact("error-occurred")).toMatchObject({ source: "turn-detector", recoverable: true });
    await end(call);
  });

  it("is not waited for when speech goes on", async () => {
    const call = await asked([{ fault: "hung" }]);
    await call.speak(800);
    await call.clock.advance(250);
    await call.speak(800);
    await call.clock.advance(100);
    expect(call.turnDetector.requests[0]?.outcome).toBe("cancelled");
    await end(call);
  });

  it("is not asked about a fixed silence", async () => {
    const call = await asked([0.02], {}, "fixed");
    expect(await delayOf(call)).toBeLessThan(500);
    expect(call.turnDetector.requests).toEqual([]);
    await end(call);
  });
});
