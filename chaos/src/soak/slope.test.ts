import { expect, it } from "vitest";
import { trend } from "./slope.ts";

it("sees a leak through noise, and none in a spike", () => {
  const points = (y: (x: number) => number) => Array.from({ length: 20 }, (_, i) => ({ x: i * 50, y: y(i * 50) }));
  const leak = trend(points((x) => 200 + x * 0.1 + (x % 100 === 0 ? 5 : 0)));
  expect(leak?.slope).toBeGreaterThan(0.08);
  expect(leak?.growth).toBeGreaterThan(0.3);
  const spike = trend(points((x) => (x === 950 ? 900 : 200)));
  expect(spike).toEqual({ slope: 0, added: 0, growth: 0 });
  expect(trend([])).toBeNull();
});
