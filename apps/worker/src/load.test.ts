import { describe, expect, it } from "vitest";
import {
  costOfCalls,
  LIVEKIT_TARGET_LOAD,
  type LoadInput,
  lasting,
  shardPressure,
  smoothed,
  workerLoad,
} from "./load.ts";

const idle: LoadInput = { cap: null, taken: 0, cpuCores: 0, coresPerCall: 0.05, cores: 2, pressures: [0, 0] };

describe("the load that LiveKit is told", () => {
  it("stays below the target until the last capped slot is taken", () => {
    for (let taken = 0; taken < 20; taken++) {
      expect(workerLoad({ ...idle, cap: 20, taken, cpuCores: 2, pressures: [1] })).toBeLessThan(LIVEKIT_TARGET_LOAD);
    }
    expect(workerLoad({ ...idle, cap: 20, taken: 20 })).toBe(1);
  });

  it("rises with the CPU of the worker's own processes", () => {
    expect(workerLoad({ ...idle, taken: 5, cpuCores: 0.4 })).toBeCloseTo((0.2 / 0.9) * 0.7);
    expect(workerLoad({ ...idle, taken: 10, cpuCores: 1.85 })).toBeGreaterThanOrEqual(LIVEKIT_TARGET_LOAD);
  });

  it("counts calls that are too new to be measured by what calls cost here, and none twice", () => {
    const burst = (taken: number, more: Partial<LoadInput> = {}) => workerLoad({ ...idle, taken, ...more });
    expect(burst(20)).toBeLessThan(LIVEKIT_TARGET_LOAD);
    expect(burst(40)).toBeGreaterThanOrEqual(LIVEKIT_TARGET_LOAD);
    expect(burst(20, { cpuCores: 1 })).toBe(burst(20));
    expect(burst(20, { coresPerCall: 0.1 })).toBeGreaterThanOrEqual(LIVEKIT_TARGET_LOAD);
  });

  it("learns what a call costs, within bounds, and not from a few", () => {
    const cost = costOfCalls();
    cost.learn(3, 0.9);
    expect(cost.coresPerCall).toBe(0.05);
    cost.learn(10, 0.8);
    expect(cost.coresPerCall).toBeCloseTo(0.08);
    cost.learn(10, 9);
    expect(cost.coresPerCall).toBe(0.2);
    cost.learn(10, 0);
    expect(cost.coresPerCall).toBe(0.02);
  });

  it("follows the least pressed shard: one that is stuck does not close the worker", () => {
    expect(workerLoad({ ...idle, pressures: [1, 0.1] })).toBeLessThan(0.2);
    expect(workerLoad({ ...idle, pressures: [1, 1] })).toBeGreaterThanOrEqual(LIVEKIT_TARGET_LOAD);
  });

  it("is full with no shard ready", () => {
    expect(workerLoad({ ...idle, pressures: [] })).toBe(1);
  });

  it("sees a late loop even when it is not busy", () => {
    expect(shardPressure({ loopBusy: 0.1, loopDelayMs: 100 })).toBe(0.5);
    expect(shardPressure({ loopBusy: 0.8, loopDelayMs: 5 })).toBe(0.8);
    expect(shardPressure({ loopBusy: 0.2, loopDelayMs: 900 })).toBe(1);
  });

  it("counts what lasts, not what passes", () => {
    const last = lasting(10_000);
    const over = (values: number[], fromMs: number) => values.map((value, n) => last(value, fromMs + n * 1_000)).at(-1);
    expect(over([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0)).toBe(0);
    expect(over([1, 1], 10_000)).toBe(1);
    expect(over([0.2], 12_000)).toBe(0.2);
    expect(over([1, 1, 1, 1, 1, 1, 1, 1, 1], 13_000)).toBe(0.2);
    expect(over([0.9, 1, 1], 22_000)).toBe(0.9);
  });

  it("smooths a spike and follows a lasting change", () => {
    const smooth = smoothed(5_000);
    smooth(0, 1_000);
    expect(smooth(1, 1_000)).toBeLessThan(0.25);
    let value = 0;
    for (let second = 0; second < 20; second++) value = smooth(1, 1_000);
    expect(value).toBeGreaterThan(0.95);
  });
});
