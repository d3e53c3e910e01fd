import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchLeases } from "./lease.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A process whose clock goes on while it stands still. */
function setUp() {
  let nowMs = 0;
  const asked: string[] = [];
  const tooLong: number[] = [];
  const leases = watchLeases({
    ask: (jobId, epoch) => void asked.push(`${jobId} ${epoch}`),
    onTooLong: (ms) => void tooLong.push(ms),
    now: () => nowMs,
  });
  const run = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      nowMs += 500;
      vi.advanceTimersByTime(500);
    }
  };
  const standStill = (ms: number) => {
    nowMs += ms;
    vi.advanceTimersByTime(500);
  };
  return { leases, asked, tooLong, run, standStill };
}

it("holds while the process runs, and asks nobody", () => {
  const { leases, run, asked, tooLong } = setUp();
  const lease = leases.of("job-1", 1);
  run(60_000);
  expect(lease.isHeld()).toBe(true);
  expect(asked).toEqual([]);
  expect(tooLong).toEqual([]);
});

it.each([true, false])("is in doubt after a standstill, until that is answered: %s", async (held) => {
  const { leases, standStill, asked, tooLong } = setUp();
  const lease = leases.of("job-1", 3);
  standStill(4_000);
  expect(lease.isHeld()).toBe(false);
  const answer = lease.confirm();
  expect(asked).toEqual(["job-1 3"]);
  leases.answered("job-1", held);
  expect(await answer).toBe(held);
  expect(lease.isHeld()).toBe(held);
  expect(tooLong).toEqual([]);
});

it("tells of a standstill that is longer than anybody waits", () => {
  const { standStill, tooLong } = setUp();
  standStill(18_000);
  expect(tooLong).toEqual([18_000]);
});
