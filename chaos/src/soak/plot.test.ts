import { expect, it } from "vitest";
import { plot } from "./plot.ts";

it("draws one panel a figure, from the axis to the greatest value", () => {
  const points = [
    { x: 0, y: 0 },
    { x: 400, y: 50 },
  ];
  const svg = plot(
    [
      { name: "threads", points },
      { name: "timers", points },
    ],
    "calls",
    200,
  );
  expect(svg.match(/<polyline points="44.0,100.0 328.0,22.0"/g)).toHaveLength(2);
  expect(svg).toContain(">400 calls<");
  expect(svg).toContain("M186.0 22V100");
});
