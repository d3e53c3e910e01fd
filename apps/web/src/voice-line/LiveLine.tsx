import { useEffect, useRef } from "react";
import { useCalm } from "../ui/theme.ts";
import { colourClasses, coloursOf, fit } from "./canvas.ts";
import { drawLive, type Mood } from "./draw-live.ts";
import { createRipple, type Levels } from "./ripple.ts";

/** Twelve pictures a second are enough for bars that only grow and shrink. */
const calmFrameMs = 80;

/** The line between the two voices, alive. Decoration: what it shows is also there in words. */
export function LiveLine(props: {
  levels: () => Levels;
  mood: Mood;
  showsMark: boolean;
  insetPx: number;
  className?: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const calm = useCalm();

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const ripple = createRipple(220);
    let thinking = 0;
    let drawnMs = Number.NEGATIVE_INFINITY;
    let frame = requestAnimationFrame(function draw(nowMs) {
      frame = requestAnimationFrame(draw);
      if (calm && nowMs - drawnMs < calmFrameMs) return;
      drawnMs = nowMs;
      const { levels: read, mood, showsMark, insetPx } = latest.current;
      const levels = read();
      ripple.advance(nowMs, levels);
      thinking += ((mood === "thinking" ? 1 : 0) - thinking) * (calm ? 1 : 0.08);
      const fitted = fit(element);
      if (!fitted) return;
      drawLive(fitted.context, fitted, coloursOf(element), {
        ripple,
        levels,
        mood,
        thinking,
        showsMark,
        insetPx,
        calm,
        nowMs,
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [calm]);

  return <canvas ref={canvas} aria-hidden className={`block w-full ${colourClasses} ${props.className ?? ""}`} />;
}
