import type { Measured } from "./curve.ts";
import type { Point } from "./measure.ts";

const WIDTH = 330;
const HEIGHT = 230;
const LEFT = 56;
const TOP = 44;
const GAP = 84;
const MOST_MS = 1_600;
const MOST_SHARE = 0.6;

const colours: Record<Measured["line"], string> = {
  fixed: "#8a8f98",
  "adaptive, not learning": "#d08c2e",
  adaptive: "#2463c4",
};

const delays: readonly [name: string, of: (point: Point) => number][] = [
  ["median delay", (point) => point.delay.p50],
  ["95th percentile", (point) => point.delay.p95],
];

/** False cut-offs against delay: a panel for each way of writing and each percentile; further left and down is better. */
export function curveSvg(measured: readonly Measured[]): string {
  const writings = [...new Set(measured.map((one) => one.writing))];
  const panels = delays.flatMap(([title, of], row) =>
    writings.map((writing, column) => {
      const x = LEFT + column * (WIDTH + GAP);
      const y = TOP + row * (HEIGHT + GAP);
      const points = measured.filter((one) => one.writing === writing);
      return `<g transform="translate(${x} ${y})">${panel(`${writing}: ${title}`, points, of)}</g>`;
    }),
  );
  const width = LEFT + writings.length * (WIDTH + GAP) - GAP + 20;
  const height = TOP + delays.length * (HEIGHT + GAP);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    legend(),
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

function panel(title: string, points: readonly Measured[], of: (point: Point) => number): string {
  const x = (ms: number) => (Math.min(ms, MOST_MS) / MOST_MS) * WIDTH;
  const y = (share: number) => HEIGHT - (Math.min(share, MOST_SHARE) / MOST_SHARE) * HEIGHT;
  const parts = [`<text x="0" y="-8" font-weight="bold">${title}</text>`];
  for (let ms = 0; ms <= MOST_MS; ms += 400)
    parts.push(
      `<path d="M${x(ms)} 0V${HEIGHT}" stroke="#eee"/><text x="${x(ms)}" y="${HEIGHT + 16}" text-anchor="middle">${ms}</text>`,
    );
  for (let share = 0; share <= MOST_SHARE + 0.001; share += 0.2)
    parts.push(
      `<path d="M0 ${y(share)}H${WIDTH}" stroke="#eee"/><text x="-8" y="${y(share) + 4}" text-anchor="end">${Math.round(share * 100)}</text>`,
    );
  parts.push(`<text x="${WIDTH / 2}" y="${HEIGHT + 34}" text-anchor="middle">ms from the last sound</text>`);
  parts.push(`<text transform="translate(-38 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">% cut off</text>`);
  for (const [line, colour] of Object.entries(colours)) {
    const own = points.filter((one) => one.line === line).map(({ name, point }) => ({ name, point }));
    const path = own.map(
      ({ point }, i) => `${i === 0 ? "M" : "L"}${x(of(point)).toFixed(1)} ${y(point.cutOff).toFixed(1)}`,
    );
    parts.push(`<path d="${path.join("")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { name, point } of own)
      parts.push(
        `<circle cx="${x(of(point)).toFixed(1)}" cy="${y(point.cutOff).toFixed(1)}" r="3.5" fill="${colour}"><title>${name}</title></circle>`,
      );
  }
  return parts.join("");
}

function legend(): string {
  return Object.entries(colours)
    .map(
      ([line, colour], i) =>
        `<circle cx="${LEFT + i * 180}" cy="14" r="4" fill="${colour}"/><text x="${LEFT + 10 + i * 180}" y="18">${line}</text>`,
    )
    .join("");
}
