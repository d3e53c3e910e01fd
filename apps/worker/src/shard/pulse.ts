import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { smoothed } from "../load.ts";
import type { ShardBeat } from "../messages.ts";
import { activeResources } from "../resources.ts";

const BEAT_MS = 1_000;
const RESOLUTION_MS = 10;
const SMOOTH_MS = 5_000;

/** Tells the supervisor once a second how this process fares. Returns the end of it. */
export function startPulse(calls: () => number, tell: (beat: ShardBeat) => void): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let last = performance.eventLoopUtilization();
  // A join keeps the loop busy for a moment; only what lasts says that there is no room for another call.
  const [smoothBusy, smoothDelay] = [smoothed(SMOOTH_MS), smoothed(SMOOTH_MS)];
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const cpu = process.cpuUsage();
    // The histogram holds whole intervals, so a loop that is never late shows the resolution itself.
    const loopDelayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
    tell({
      calls: calls(),
      loopBusy: smoothBusy(performance.eventLoopUtilization(now, last).utilization, BEAT_MS),
      loopDelayMs: Math.round(smoothDelay(Number.isFinite(loopDelayMs) ? loopDelayMs : 0, BEAT_MS) * 10) / 10,
      cpuMs: (cpu.user + cpu.system) / 1_000,
      rssBytes: process.memoryUsage.rss(),
      resources: activeResources(),
    });
    last = now;
    delay.reset();
  }, BEAT_MS);
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
