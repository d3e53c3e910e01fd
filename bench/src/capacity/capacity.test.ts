import { describe, expect, it } from "vitest";
import { type CapacityResult, callsHeld, capacityReport } from "./capacity.ts";

const result = (callers: number, p95: number) =>
  ({
    callers,
    turns: callers * 6,
    latency: { p50: p95 - 50, p95 },
    lostTurns: 0,
    choppy: 0,
    cores: { agent: callers * 0.06, server: 0.1, mock: 0.1, callers: 0.2 },
    memory: { pssMiB: 300 },
  }) as unknown as CapacityResult["reference"];
const step = (callers: number, ...tooMuch: string[]) => ({ result: result(callers, 800), tooMuch });
const capacity = (...steps: CapacityResult["steps"]): CapacityResult => ({
  target: "parley",
  shards: 2,
  reference: result(1, 800),
  steps,
});

describe("how many calls a machine holds", () => {
  it("is what came before the first step that was too many", () => {
    expect(callsHeld(capacity(step(1), step(5), step(10, "late"), step(15)))).toBe(5);
    expect(callsHeld(capacity(step(1, "late")))).toBe(0);
    expect(callsHeld(capacity(step(1), step(5)))).toBe(5);
  });

  it("is said with what a call costs, and why no more", () => {
    const text = capacityReport([capacity(step(1), step(10), step(15, "2 turns lost"))]);
    expect(text).toMatch(/Holds \*\*10 calls\*\* on \d+ cores: .* 0\.060 cores a call.* With 15: 2 turns lost\./);
    expect(text).toContain("| 10 | 60 | 750 / 800 | 1.00 | 0 | 0 | 0.060 | 1.00 | 300 |");
  });
});
