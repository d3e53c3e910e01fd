export interface Colours {
  agent: string;
  you: string;
  rule: string;
}

/** The canvas carries the theme's colours in its own style, so that they are right in both themes. */
export function coloursOf(canvas: HTMLCanvasElement): Colours {
  const style = getComputedStyle(canvas);
  return { agent: style.color, you: style.outlineColor, rule: style.borderTopColor };
}

/** For `className`: what coloursOf() reads. The border and the outline have no width. */
export const colourClasses = "text-agent outline-you border-rule border-0 outline-0";

/** Fits the canvas to its place on the screen; the context draws in CSS pixels. */
export function fit(
  canvas: HTMLCanvasElement,
): { context: CanvasRenderingContext2D; width: number; height: number } | null {
  const context = canvas.getContext("2d");
  const { width, height } = canvas.getBoundingClientRect();
  if (!context || width === 0 || height === 0) return null;
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const pixelWidth = Math.round(width * scale);
  const pixelHeight = Math.round(height * scale);
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

const barWidth = 3;
export const barPitch = 7;
/** Between the line and a bar. */
export const gap = 4;

/** A bar that stands on the line (`side` -1: above, the agent; 1: below, you). */
export function drawBar(
  context: CanvasRenderingContext2D,
  x: number,
  middle: number,
  side: -1 | 1,
  length: number,
): void {
  if (length < 0.75) return;
  const top = side === 1 ? middle + gap : middle - gap - length;
  context.beginPath();
  context.roundRect(x - barWidth / 2, top, barWidth, length, barWidth / 2);
  context.fill();
}
