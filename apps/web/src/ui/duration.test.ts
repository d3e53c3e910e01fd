import { expect, it } from "vitest";
import { clockTime, spokenTime } from "./duration.ts";

it("shows a clock", () => {
  expect([0, 65_900, 600_000, 3_725_000].map(clockTime)).toEqual(["0:00", "1:05", "10:00", "1:02:05"]);
});

it("says it in words", () => {
  expect([1_000, 60_000, 134_000, 0].map(spokenTime)).toEqual([
    "1 second",
    "1 minute",
    "2 minutes 14 seconds",
    "no time at all",
  ]);
});
