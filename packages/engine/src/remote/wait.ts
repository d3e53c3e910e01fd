import type { Clock } from "../ports/clock.ts";
import { patiently } from "./patience.ts";

export interface Wait {
  clock: Clock;
  timeoutMs: number;
  /** Ends the wait at once. */
  signal: AbortSignal;
  /** Made only when needed. */
  timedOut(): Error;
  cancelled(): Error;
}

/**
 * Waits for one promise, at most `timeoutMs` (of a process that does not stand still) and never past `signal`. Leaves no timer and no listener behind
 * (`Promise.race` on a long-lived signal would keep one per wait).
 */
export function within<T>(promise: PromiseLike<T>, wait: Wait): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (wait.signal.aborted) {
      promise.then(undefined, () => {}); // its own failure is nobody's any more
      reject(wait.cancelled());
      return;
    }
    const release = () => {
      stopTimer();
      wait.signal.removeEventListener("abort", onAbort);
    };
    const onAbort = () => {
      release();
      reject(wait.cancelled());
    };
    const stopTimer = patiently(wait.clock, wait.timeoutMs, () => {
      release();
      reject(wait.timedOut());
    });
    wait.signal.addEventListener("abort", onAbort, { once: true });
    promise.then(
      (value) => {
        release();
        resolve(value);
      },
      (error) => {
        release();
        reject(error);
      },
    );
  });
}

/** Resolves after `delayMs`, or at once when `signal` is aborted. Leaves neither timer nor listener behind. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const cancel = clock.after(delayMs, done);
    function done() {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

/** One controller that follows several signals until `release`; unlike `AbortSignal.any` nothing stays registered. */
export function linkedAbort(...signals: AbortSignal[]): AbortController & { release(): void } {
  const controller = new AbortController();
  const onAbort = () => controller.abort();
  for (const signal of signals) {
    if (signal.aborted) controller.abort();
    else signal.addEventListener("abort", onAbort, { once: true });
  }
  const release = () => {
    for (const signal of signals) signal.removeEventListener("abort", onAbort);
  };
  return Object.assign(controller, { release });
}
