/** The only source of time in a call. Tests give a virtual one. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; its zero is arbitrary. */
  now(): number;
  /** Wall-clock milliseconds since the Unix epoch; for display only, never subtracted. */
  wall(): number;
  /** Runs `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
