import { expect, it } from "vitest";
import { levelOf } from "./level-meter.ts";

const sine = (amplitude: number) =>
  Float32Array.from({ length: 1_024 }, (_, n) => amplitude * Math.sin((n / 1_024) * 64 * Math.PI));

it("is 0 in silence and below -60 dBFS, 1 from -10 dBFS on, and linear in dB between", () => {
  expect(levelOf(new Float32Array(1_024))).toBe(0);
  expect(levelOf(sine(0.001))).toBe(0);
  expect(levelOf(sine(1))).toBe(1);
  // An amplitude of 10^(-32/20) is -35 dBFS RMS: the middle.
  expect(levelOf(sine(10 ** (-31.99 / 20)))).toBeCloseTo(0.5, 2);
});
