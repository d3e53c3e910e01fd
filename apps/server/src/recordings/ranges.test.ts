import { expect, test } from "vitest";
import { wantedRange } from "./ranges.ts";

test.each([
  [undefined, "whole"],
  ["bytes=0-", { start: 0, end: 100 }],
  ["bytes=0-0", { start: 0, end: 1 }],
  ["bytes=10-19", { start: 10, end: 20 }],
  ["bytes = 10 - 19", { start: 10, end: 20 }],
  ["bytes=90-1000", { start: 90, end: 100 }],
  ["bytes=-10", { start: 90, end: 100 }],
  ["bytes=-1000", { start: 0, end: 100 }],
  ["bytes=-0", "none"],
  ["bytes=100-", "none"],
  ["bytes=20-10", "whole"],
  ["bytes=0-1,5-6", "whole"],
  ["bytes=-", "whole"],
  ["bytes=a-b", "whole"],
  ["seconds=0-1", "whole"],
  ["bytes=99999999999999999999-", "whole"],
] as const)("%s", (header, wanted) => {
  expect(wantedRange(header, 100)).toEqual(wanted);
});

test("of nothing there is no part", () => {
  for (const header of ["bytes=0-", "bytes=-5"]) expect(wantedRange(header, 0)).toBe("none");
});
