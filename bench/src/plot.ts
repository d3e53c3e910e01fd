import type { TargetResult } from "./result.ts";
import { scenario } from "./scenario.ts";
import { median } from "./stats.ts";

const WIDTH = 720;
const [LEFT, RIGHT, TOP] = [120, 110, 34];
const BAR_HEIGHT = 22;
const LINES_HEIGHT = 220;
const GAP = 40;
const GREY = "#888";
const COLOURS = [
  "#2a7fd4",
  "#d4572a",
  "#2aa876",
  "#a34ad4",
  "#c9a227",
  "#d42a7f",
  "#5b6b7b",
  "#7fb02a",
  "#2ab8c9",
  "#8a5a3c",
];

interface Point {
  calls: number;
  p50: number;
  p95: number;
}

interface Curve {
  name: string;
  colour: string;
  points: Point[];
}

/** Turn latency of one call by target (p50 as a bar, p95 as its tail), and p95 against the number of calls (logarithmic). */
export function plot(results: readonly TargetResult[]): string {
  const curves = curvesOf(results);
  const one = curves.flatMap((curve) => {
    const point = curve.points.find(({ calls }) => calls === 1);
    return point === undefined ? [] : [{ ...curve, point }];
  });
  const barsHeight = TOP + one.length * BAR_HEIGHT + 10;
  const height = barsHeight + GAP + TOP + LINES_HEIGHT + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11" fill="${GREY}">`,
    "<title>Turn latency at the caller's ear</title>",
    `<g>${bars(one)}</g>`,
    `<g transform="translate(0 ${barsHeight + GAP})">${lines(curves)}</g>`,
    "</svg>",
    "",
  ].join("\n");
}

/** Medians of the runs, of every scenario of turns, by the number of calls. */
function curvesOf(results: readonly TargetResult[]): Curve[] {
  return [...Map.groupBy(results, ({ target }) => target)].map(([name, runs], i) => {
    const turns = runs
      .flatMap(({ scenarios }) => scenarios)
      .filter((one) => one.latency !== null && ["turns", "steady"].includes(scenario(one.scenario).kind));
    const points = [...Map.groupBy(turns, ({ callers }) => callers)].map(([calls, same]) => ({
      calls,
      p50: median(same.map(({ latency }) => latency?.p50)) ?? 0,
      p95: median(same.map(({ latency }) => latency?.p95)) ?? 0,
    }));
    return { name, colour: COLOURS[i % COLOURS.length]!, points: points.sort((a, b) => a.calls - b.calls) };
  });
}

function bars(list: readonly (Curve & { point: Point })[]): string {
  const most = Math.max(1, ...list.map(({ point }) => point.p95));
  const at = (ms: number) => (LEFT + (Math.max(0, ms) / most) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const rows = list.map(({ name, colour, point }, i) => {
    const middle = TOP + i * BAR_HEIGHT + BAR_HEIGHT / 2;
    return [
      text(LEFT - 6, middle + 4, name, "end"),
      `<path d="M${LEFT} ${middle}H${at(point.p50)}" stroke="${colour}" stroke-width="12"/>`,
      `<path d="M${at(point.p50)} ${middle}H${at(point.p95)}M${at(point.p95)} ${middle - 6}V${middle + 6}" stroke="${colour}" stroke-width="2"/>`,
      text(Number(at(point.p95)) + 6, middle + 4, `${point.p50.toFixed(0)} / ${point.p95.toFixed(0)}`),
    ].join("");
  });
  return [heading("One call: end of speech → first sound of the answer, p50 / p95, ms"), ...rows].join("\n");
}

function lines(curves: readonly Curve[]): string {
  const drawn = curves.filter(({ points }) => points.length > 0);
  const points = drawn.flatMap((curve) => curve.points);
  const mostCalls = Math.max(2, ...points.map(({ calls }) => calls));
  const ticks = [200, 500, 1000, 2000, 5000, 10_000, 20_000];
  const [least, most] = [
    Math.min(500, ...points.map(({ p95 }) => Math.max(p95, 1))),
    Math.max(2000, ...points.map(({ p95 }) => p95)),
  ];
  const atX = (calls: number) => LEFT + ((calls - 1) / (mostCalls - 1)) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + LINES_HEIGHT;
  const share = (ms: number) => Math.log(Math.max(ms, 1) / least) / Math.log(most / least);
  const atY = (ms: number) => bottom - share(ms) * LINES_HEIGHT;
  const grid = ticks
    .filter((ms) => ms >= least && ms <= most)
    .map(
      (ms) =>
        `<path d="M${LEFT} ${atY(ms).toFixed(1)}H${WIDTH - RIGHT}" stroke="${GREY}" stroke-opacity="0.25"/>${text(LEFT - 6, atY(ms) + 4, String(ms), "end")}`,
    );
  const counts = [...new Set(points.map(({ calls }) => calls))].map((calls) =>
    text(atX(calls), bottom + 16, String(calls), "middle"),
  );
  const paths = drawn.map(({ colour, points: own }) => {
    const dots = own.map(
      ({ calls, p95 }) =>
        `<circle cx="${atX(calls).toFixed(1)}" cy="${atY(p95).toFixed(1)}" r="2.5" fill="${colour}"/>`,
    );
    const line = own.map(({ calls, p95 }) => `${atX(calls).toFixed(1)},${atY(p95).toFixed(1)}`).join(" ");
    return `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots.join("")}`;
  });
  // Names stand beside each other in the order of the columns: at the lines' ends they would cover each other.
  const legend = drawn.map(
    ({ name, colour }, i) => `<g fill="${colour}">${text(WIDTH - RIGHT + 8, TOP + 10 + i * 15, name)}</g>`,
  );
  const axis = `<path d="M${LEFT} ${TOP}V${bottom}H${WIDTH - RIGHT}" fill="none" stroke="${GREY}"/>`;
  return [
    heading("Turn latency p95 (ms, logarithmic) against calls at the same time"),
    axis,
    ...grid,
    ...counts,
    ...paths,
    ...legend,
  ].join("\n");
}

const heading = (words: string) => `<text x="8" y="16" font-weight="bold">${words}</text>`;

function text(x: number, y: number, words: string, anchor: "start" | "middle" | "end" = "start"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
}
