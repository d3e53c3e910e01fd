import { describe, expect, it } from "vitest";
import { applyGain, peak, rms, SILENCE_DB, toDb } from "./levels.ts";

describe("levels", () => {
  it("measures rms and peak", () => {
    expect(rms(Int16Array.of(1000, -1000, 1000, -1000))).toBe(1000);
    expect(rms(new Int16Array(0))).toBe(0);
    expect(rms(Int16Array.of(-32_768))).toBe(32_768);
    expect(peak(Int16Array.of(5, -32_768, 7))).toBe(32_768);
    expect(peak(new Int16Array(0))).toBe(0);
  });

  it("says levels in dB below full scale, silence included", () => {
    expect(toDb(32_768)).toBe(0);
    expect(toDb(3276.8)).toBeCloseTo(-20);
    expect(toDb(0)).toBe(SILENCE_DB);
    expect(toDb(Number.NaN)).toBe(SILENCE_DB);
  });

  it("applies gain, saturating, in place when asked", () => {
    const samples = Int16Array.of(100, -100, 30_000, -30_000);
    expect([...applyGain(samples, 2)]).toEqual([200, -200, 32_767, -32_768]);
    expect([...samples]).toEqual([100, -100, 30_000, -30_000]);
    expect(applyGain(samples, 0.5, samples)).toBe(samples);
    expect([...samples]).toEqual([50, -50, 15_000, -15_000]);
    expect(() => applyGain(samples, 1, new Int16Array(3))).toThrow(RangeError);
  });
});
