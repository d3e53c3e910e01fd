import { useEffect, useRef } from "react";
import { useTheme } from "../ui/theme.ts";
import { toBars } from "./call-shape.ts";
import { barPitch, colourClasses, coloursOf, drawBar, fit, gap } from "./canvas.ts";
import { lengthOf } from "./draw-live.ts";
import type { Levels } from "./ripple.ts";

/** A whole call at a glance, from its first second on the left to its last on the right. */
export function ShapeLine({ points, className }: { points: readonly Levels[]; className?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();

  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const draw = () => {
      const fitted = fit(element);
      if (!fitted) return;
      const { context, width, height } = fitted;
      const colours = coloursOf(element);
      const middle = height / 2;
      const room = height / 2 - gap - 2;
      context.fillStyle = colours.rule;
      context.fillRect(0, middle - 0.75, width, 1.5);
      toBars(points, Math.floor(width / barPitch)).forEach((bar, at) => {
        const x = (at + 0.5) * barPitch;
        context.fillStyle = colours.agent;
        drawBar(context, x, middle, -1, lengthOf(bar.agent, room));
        context.fillStyle = colours.you;
        drawBar(context, x, middle, 1, lengthOf(bar.you, room));
      });
    };
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(element);
    return () => resized.disconnect();
  }, [points, theme]);

  return <canvas ref={canvas} aria-hidden className={`block w-full ${colourClasses} ${className ?? ""}`} />;
}
