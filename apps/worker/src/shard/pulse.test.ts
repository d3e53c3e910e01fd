import { afterEach, expect, it, vi } from "vitest";
import type { ShardBeat } from "../messages.ts";
import { startPulse } from "./pulse.ts";

afterEach(() => vi.useRealTimers());

it("tells of a loop that was held up: late, busy, and at what cost", async () => {
  const beats: ShardBeat[] = [];
  const stop = startPulse(
    () => 3,
    (beat) => beats.push(beat),
  );
  // Real time: it is the machine that is measured.
  const turns = setInterval(() => {
    const until = performance.now() + 80;
    while (performance.now() < until);
  }, 1);
  await vi.waitFor(() => expect(beats.length).toBeGreaterThan(1), { timeout: 10_000 });
  clearInterval(turns);
  stop();
  const beat = beats.at(-1)!;
  expect(beat.calls).toBe(3);
  expect(beat.loopDelayMs).toBeGreaterThan(50);
  expect(beat.loopDelayMs).toBeGreaterThanOrEqual(beat.loopDelayP50Ms);
  expect(beat.loopBusy).toBeGreaterThan(0.5);
  expect(beat.cpuCores).toBeGreaterThan(0.1);
});
