import type { Clock } from "@parley/engine";

export interface ManualClock extends Clock {
  /** Time passes, and what is due runs at its time. */
  advance(ms: number): void;
  /** Time passes while nothing runs, as when the process was stopped; what was due runs late, once. */
  stall(ms: number): void;
}

/** Time that passes only when a test says so. */
export function manualClock(): ManualClock {
  let nowMs = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  const due = (end: number) => [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
  return {
    now: () => nowMs,
    wall: () => nowMs,
    after(delayMs, run) {
      const timer = { at: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = nowMs + ms;
      for (let [next] = due(end); next; [next] = due(end)) {
        timers.delete(next);
        nowMs = Math.max(nowMs, next.at);
        next.run();
      }
      nowMs = end;
    },
    stall(ms) {
      nowMs += ms;
      for (const timer of due(nowMs)) if (timers.delete(timer)) timer.run();
    },
  };
}
