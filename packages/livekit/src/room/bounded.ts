import { type Clock, ParleyError, within } from "@parley/engine";

const never = new AbortController().signal;

/** Waits for an answer of the native library, which may never come when the room is going away. */
export function bounded<T>(clock: Clock, timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  return within(promise, {
    clock,
    timeoutMs,
    signal: never,
    timedOut: () =>
      new ParleyError(`LiveKit did not ${what} within ${timeoutMs} ms.`, {
        code: "livekit-timeout",
        category: "timeout",
        retryable: true,
      }),
    cancelled: () => new Error("unreachable"),
  });
}
