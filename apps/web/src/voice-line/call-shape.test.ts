import { expect, it } from "vitest";
import { createCallShape, toBars } from "./call-shape.ts";

it("keeps the loudest of an hour in bounded space, in its place", () => {
  const shape = createCallShape();
  const total = 36_000;
  for (let n = 0; n < total; n += 1) shape.add({ you: n === total / 2 ? 1 : 0.1, agent: 0 });
  const points = shape.points();
  expect(points.length).toBeLessThanOrEqual(1_200);
  expect(points.length).toBeGreaterThan(500);
  const loudest = points.findIndex((point) => point.you === 1);
  expect(loudest / points.length).toBeCloseTo(0.5, 1);
});

it("fits any number of points into the bars there are", () => {
  const points = [0.2, 0.9, 0.4].map((you) => ({ you, agent: 0 }));
  expect(toBars(points, 1)).toEqual([{ you: 0.9, agent: 0 }]);
  expect(toBars(points, 6).map((bar) => bar.you)).toEqual([0.2, 0.2, 0.9, 0.9, 0.4, 0.4]);
  expect(toBars([], 2)).toEqual([
    { you: 0, agent: 0 },
    { you: 0, agent: 0 },
  ]);
});
