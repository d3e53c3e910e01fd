import type { Lease } from "@parley/engine";

const TURN_MS = 500;
/** A process that stood still for this long may have been given up: its calls may run elsewhere. */
const STOOD_STILL_MS = 3_000;
/**
 * After that long LiveKit has given the connection up too, and the native client, which wakes with us, resumes it by
 * our identity alone: it would take the room from whoever has the call now.
 */
const TOO_LONG_MS = 10_000;
/** Nobody answers whether a call is ours: then it is. LiveKit puts out the one of two that came first. */
const ANSWER_MS = 3_000;

/** One for the process: whether it stood still, and whose its calls are since. */
export interface Leases {
  of(jobId: string, epoch: number): Lease;
  answered(jobId: string, held: boolean): void;
}

export interface LeasesOptions {
  ask(jobId: string, epoch: number): void;
  /** This process stood still for longer than anybody waits for it. */
  onTooLong(ms: number): void;
  now?: () => number;
}

/** Watches this process's own clockwork. The timer keeps no process alive. */
export function watchLeases({ ask, onTooLong, now = () => performance.now() }: LeasesOptions): Leases {
  let turnedMs = now();
  /** Raised with every standstill; a call confirms its lease once for each. */
  let standstills = 0;
  const waiting = new Map<string, (held: boolean) => void>();

  const look = (): void => {
    const nowMs = now();
    const stoodMs = nowMs - turnedMs;
    turnedMs = nowMs;
    if (stoodMs >= STOOD_STILL_MS) standstills++;
    if (stoodMs >= TOO_LONG_MS) onTooLong(stoodMs);
  };
  setInterval(look, TURN_MS).unref();

  return {
    of(jobId, epoch) {
      let confirmed = standstills;
      return {
        isHeld() {
          // Timers of the standstill may come before our own.
          if (now() - turnedMs >= STOOD_STILL_MS) look();
          return confirmed === standstills;
        },
        confirm() {
          const asked = standstills;
          return new Promise((resolve) => {
            const bound = setTimeout(() => settle(true), ANSWER_MS);
            const settle = (held: boolean): void => {
              clearTimeout(bound);
              waiting.delete(jobId);
              if (held) confirmed = asked;
              resolve(held);
            };
            waiting.set(jobId, settle);
            ask(jobId, epoch);
          });
        },
      };
    },
    answered: (jobId, held) => waiting.get(jobId)?.(held),
  };
}
