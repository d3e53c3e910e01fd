import { useEffect, useRef } from "react";

const readerMs = 250;

/** How loud the microphone is, as a bar; the picture follows every frame, its value for screen readers four times a second. */
export function LevelBar({ level, active, label }: { level: () => number; active: boolean; label: string }) {
  const outer = useRef<HTMLDivElement>(null);
  const meter = useRef<HTMLMeterElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const read = useRef(level);
  read.current = level;

  useEffect(() => {
    const show = (value: number) => {
      if (bar.current) bar.current.style.transform = `scaleX(${value})`;
    };
    const tell = (value: number) => {
      if (meter.current) meter.current.value = value;
      outer.current?.setAttribute("data-level", value.toFixed(2));
    };
    show(0);
    tell(0);
    if (!active) return;
    let shown = 0;
    let toldMs = 0;
    let frame = requestAnimationFrame(function draw(nowMs) {
      frame = requestAnimationFrame(draw);
      shown = Math.max(read.current(), shown * 0.9);
      show(shown);
      if (nowMs - toldMs < readerMs) return;
      toldMs = nowMs;
      tell(shown);
    });
    return () => cancelAnimationFrame(frame);
  }, [active]);

  return (
    <div ref={outer} data-testid="mic-level" className="w-full">
      <meter ref={meter} aria-label={label} min={0} max={1} className="sr-only" />
      <div className="h-1.5 overflow-hidden rounded-full bg-rule">
        <div ref={bar} className="h-full origin-left rounded-full bg-you" style={{ transform: "scaleX(0)" }} />
      </div>
    </div>
  );
}
