import type { Clock } from "../ports/clock.ts";

/** A timer that comes later than this was not late: the whole process stood still. */
const STOOD_STILL_MS = 250;
/** In that time what came in meanwhile is read. */
const READ_MS = 50;

/**
 * A timer for something that has not come. When the process stood still beyond its time, it waits a little longer: what
 * has arrived meanwhile lies unread, because timers run before anything is read. Returns how to cancel it.
 */
export function patiently(clock: Clock, delayMs: number, run: () => void): () => void {
  const due = clock.now() + delayMs;
  let cancel = clock.after(delayMs, () => {
    if (clock.now() - due > STOOD_STILL_MS) cancel = clock.after(READ_MS, run);
    else run();
  });
  return () => cancel();
}
