import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { ShardBeat } from "../messages.ts";

const BEAT_MS = 1_000;
const RESOLUTION_MS = 10;

/** Tells the supervisor once a second how this process fares. Returns the end of it. */
export function startPulse(calls: () => number, tell: (beat: ShardBeat) => void): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let last = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const cpu = process.cpuUsage();
    // The histogram holds whole intervals, so a loop that is never late shows the resolution itself.
    const loopDelayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
    tell({
      calls: calls(),
      loopBusy: performance.eventLoopUtilization(now, last).utilization,
      loopDelayMs: Number.isFinite(loopDelayMs) ? Math.round(loopDelayMs * 10) / 10 : 0,
      cpuMs: (cpu.user + cpu.system) / 1_000,
      rssBytes: process.memoryUsage.rss(),
    });
    last = now;
    delay.reset();
  }, BEAT_MS);
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
