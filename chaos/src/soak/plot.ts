/** One figure's curve. */
export interface Curve {
  name: string;
  points: readonly { x: number; y: number }[];
}

const [WIDTH, HEIGHT, GAP] = [340, 120, 30];
const [LEFT, TOP, RIGHT, BOTTOM] = [44, 22, 12, 20];
const COLUMNS = 2;

/** Small SVG panels, two beside each other, each from 0 to its own greatest value; `from`: what was judged begins there. */
export function plot(curves: readonly Curve[], xName: string, from: number): string {
  const rows = Math.ceil(curves.length / COLUMNS);
  const [width, height] = [COLUMNS * WIDTH + (COLUMNS - 1) * GAP, rows * (HEIGHT + GAP)];
  const panels = curves.map((curve, index) => {
    const x = (index % COLUMNS) * (WIDTH + GAP);
    const y = Math.floor(index / COLUMNS) * (HEIGHT + GAP);
    return `<g transform="translate(${x} ${y})">${panel(curve, xName, from)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" fill="#888">`,
    `<title>${curves.map(({ name }) => name).join(", ")} against ${xName}</title>`,
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

function panel({ name, points }: Curve, xName: string, from: number): string {
  const mostX = Math.max(1, ...points.map(({ x }) => x));
  const mostY = Math.max(1, ...points.map(({ y }) => y));
  const atX = (x: number) => (LEFT + (x / mostX) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const atY = (y: number) => (HEIGHT - BOTTOM - (y / mostY) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const line = points.map(({ x, y }) => `${atX(x)},${atY(y)}`).join(" ");
  const warm =
    from > 0 && from < mostX
      ? `<path d="M${atX(from)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#888" stroke-dasharray="2 4"/>`
      : "";
  return [
    `<text x="${LEFT}" y="12" font-weight="bold">${name}</text>`,
    `<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}" fill="none" stroke="#888"/>`,
    `<text x="${LEFT - 4}" y="${TOP + 4}" text-anchor="end">${mostY.toFixed(0)}</text>`,
    `<text x="${LEFT - 4}" y="${HEIGHT - BOTTOM}" text-anchor="end">0</text>`,
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${mostX.toFixed(0)} ${xName}</text>`,
    warm,
    `<polyline points="${line}" fill="none" stroke="#2a7fd4" stroke-width="1.5"/>`,
  ].join("");
}
