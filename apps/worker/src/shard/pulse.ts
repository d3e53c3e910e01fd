import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { smoothed } from "../load.ts";
import type { ShardBeat } from "../messages.ts";
import { activeResources } from "../resources.ts";

const BEAT_MS = 1_000;
const RESOLUTION_MS = 10;
const SMOOTH_MS = 5_000;

/** Tells the supervisor once a second how this process fares. `also` goes with every beat. Returns the end of it. */
export function startPulse(calls: () => number, tell: (beat: ShardBeat) => void, also = (): void => {}): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let last = { loop: performance.eventLoopUtilization(), cpuMs: cpuMsSoFar(), atMs: performance.now() };
  // A join keeps the loop busy for a moment; only what lasts says that there is no room for another call.
  const [busy, p99, p50, cores] = [smoothed(SMOOTH_MS), smoothed(SMOOTH_MS), smoothed(SMOOTH_MS), smoothed(SMOOTH_MS)];
  const timer = setInterval(() => {
    const now = { loop: performance.eventLoopUtilization(), cpuMs: cpuMsSoFar(), atMs: performance.now() };
    const elapsedMs = Math.max(1, now.atMs - last.atMs);
    tell({
      calls: calls(),
      loopBusy: busy(performance.eventLoopUtilization(now.loop, last.loop).utilization, elapsedMs),
      loopDelayMs: tenths(p99(lateMs(delay, 99), elapsedMs)),
      loopDelayP50Ms: tenths(p50(lateMs(delay, 50), elapsedMs)),
      cpuMs: now.cpuMs,
      cpuCores: cores((now.cpuMs - last.cpuMs) / elapsedMs, elapsedMs),
      rssBytes: process.memoryUsage.rss(),
      resources: activeResources(),
    });
    also();
    last = now;
    delay.reset();
  }, BEAT_MS);
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}

/** The histogram holds whole intervals, so a loop that is never late shows the resolution itself. */
function lateMs(delay: ReturnType<typeof monitorEventLoopDelay>, percentile: number): number {
  const ms = delay.percentile(percentile) / 1e6 - RESOLUTION_MS;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

function cpuMsSoFar(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;
