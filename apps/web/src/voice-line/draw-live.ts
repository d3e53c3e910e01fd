import { barPitch, type Colours, drawBar, gap } from "./canvas.ts";
import type { Levels, Ripple } from "./ripple.ts";

/** What the line says beside the voices. `rest`: before a call. */
export type Mood = "rest" | "connecting" | "listening" | "thinking" | "speaking" | "lost";

export interface LiveScene {
  ripple: Ripple;
  levels: Levels;
  mood: Mood;
  /** 0 to 1: how much of the thinking shimmer shows; eases between moods. */
  thinking: number;
  /** The mark in the middle, its halves swelling with the voices. */
  showsMark: boolean;
  /** Half the width of what stands in the middle; the bars begin beside it. */
  insetPx: number;
  /** No travelling: bars stay where they are and only grow. */
  calm: boolean;
  nowMs: number;
}

/** Louder looks more than proportionally taller, so that breath stays low. */
export const lengthOf = (level: number, room: number) => level ** 2 * room;

function drawRule(
  context: CanvasRenderingContext2D,
  width: number,
  middle: number,
  colours: Colours,
  scene: LiveScene,
) {
  const dashed = scene.mood === "connecting" || scene.mood === "lost";
  context.strokeStyle = colours.rule;
  context.lineWidth = 1.5;
  context.setLineDash(dashed ? [2, 7] : []);
  context.lineCap = "round";
  context.lineDashOffset = dashed && !scene.calm ? -scene.nowMs / 60 : 0;
  context.beginPath();
  // From the middle outward, so that the dashes leave it to both sides.
  context.moveTo(width / 2, middle);
  context.lineTo(width, middle);
  context.moveTo(width / 2, middle);
  context.lineTo(0, middle);
  context.stroke();
  context.setLineDash([]);
}

/** The mark: the agent's half above the line, yours below, each as large as its voice. */
function drawMark(
  context: CanvasRenderingContext2D,
  x: number,
  middle: number,
  room: number,
  colours: Colours,
  scene: LiveScene,
) {
  const base = Math.min(20, room * 0.3);
  const breath = scene.calm || scene.mood !== "listening" ? 0 : Math.sin(scene.nowMs / 700) * 0.04;
  const faint = scene.mood === "connecting" || scene.mood === "lost";
  const half = (side: -1 | 1, level: number, colour: string) => {
    const radius = base * (1 + level * 0.55 + (side === 1 ? breath : 0));
    context.globalAlpha = faint ? 0.35 : 1;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x + side * base * 0.4, middle + side * 1.5, radius, side === 1 ? 0 : Math.PI, side === 1 ? Math.PI : 0);
    context.fill();
  };
  half(-1, Math.max(scene.levels.agent, scene.thinking * 0.12), colours.agent);
  half(1, scene.levels.you, colours.you);
  context.globalAlpha = 1;
}

/** Draws one frame: what was said a moment ago has travelled outward from the middle, the agent above, you below. */
export function drawLive(
  context: CanvasRenderingContext2D,
  size: { width: number; height: number },
  colours: Colours,
  scene: LiveScene,
): void {
  const { width, height } = size;
  const middle = height / 2;
  const room = height / 2 - gap - 2;
  const inset = scene.insetPx;
  drawRule(context, width, middle, colours, scene);

  const reach = width / 2;
  const shift = scene.calm ? 0 : scene.ripple.progress();
  const count = Math.min(scene.ripple.capacity, Math.ceil((reach - inset) / barPitch));
  for (let age = 0; age < count; age += 1) {
    const distance = inset + (age + shift) * barPitch;
    const fade = 1 - (distance / reach) ** 1.5;
    if (fade <= 0) break;
    const heard = scene.calm ? scene.levels : scene.ripple.bar(age);
    // Standing still, the bars form a fan that opens with the voice.
    const fan = scene.calm ? Math.max(0, 1 - age / 22) * (0.65 + 0.35 * Math.cos(age * 1.9)) : 1;
    const shimmer = scene.calm
      ? scene.thinking * 0.1 * Math.max(0, 1 - age / 12)
      : scene.thinking * (0.11 + 0.08 * Math.sin(age * 0.55 - scene.nowMs / 160)) * Math.max(0, 1 - age / 26);
    const agent = Math.max(lengthOf(heard.agent, room) * fan, shimmer * room);
    const you = lengthOf(heard.you, room) * fan;
    context.globalAlpha = fade;
    for (const side of [-1, 1] as const) {
      const x = width / 2 + side * distance;
      context.fillStyle = colours.agent;
      drawBar(context, x, middle, -1, agent);
      context.fillStyle = colours.you;
      drawBar(context, x, middle, 1, you);
    }
  }
  context.globalAlpha = 1;
  if (scene.showsMark) drawMark(context, width / 2, middle, room, colours, scene);
}
