import type { Clock } from "@parley/engine";

/** Resolves after `ms` on the clock (at once for 0), rejects with `aborted()` as soon as the signal is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal, aborted: () => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted());
    if (ms <= 0) return resolve();
    const stop = () => {
      cancel();
      reject(aborted());
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Never resolves: rejects with `aborted()` when the signal is aborted. */
export function hang(signal: AbortSignal, aborted: () => Error): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(aborted());
    else signal.addEventListener("abort", () => reject(aborted()), { once: true });
  });
}
