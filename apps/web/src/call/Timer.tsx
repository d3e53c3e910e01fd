import { useEffect, useState } from "react";
import { clockTime } from "../ui/duration.ts";

export function Timer({ sinceMs }: { sinceMs: number }) {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const ticking = window.setInterval(() => setNowMs(Date.now()), 1_000);
    return () => window.clearInterval(ticking);
  }, []);
  return (
    <span role="timer" aria-label="Length of the call" data-testid="call-timer" className="text-muted tabular-nums">
      {clockTime(nowMs - sinceMs)}
    </span>
  );
}
