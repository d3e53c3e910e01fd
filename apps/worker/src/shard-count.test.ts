import { expect, it } from "vitest";
import { wantedShards } from "./shard-count.ts";

it("there is one for every four calls, one that can take over, and never more than there are cores", () => {
  const many = { least: 1, most: 16 };
  expect([0, 1, 4, 5, 8, 9, 60, 500].map((calls) => wantedShards(calls, many))).toEqual([1, 2, 2, 3, 3, 4, 16, 16]);
  expect([0, 1, 30].map((calls) => wantedShards(calls, { least: 1, most: 1 }))).toEqual([1, 1, 1]);
  expect([0, 1, 30].map((calls) => wantedShards(calls, { least: 2, most: 2 }))).toEqual([2, 2, 2]);
});
