import { expect, it } from "vitest";
import { machineTime, stolenShare } from "./machine.ts";

it("tells how much of the machine's time others had", () => {
  const from = machineTime("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 2 3\n");
  const to = machineTime("cpu  150 0 70 900 10 0 5 65 9 0\ncpu0 1 2 3\n");
  expect(from).toEqual({ all: 1000, stolen: 35 });
  expect(stolenShare(from, to)).toBeCloseTo(30 / 200);
  expect(stolenShare(from, from)).toBe(0);
});
