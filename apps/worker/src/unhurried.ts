/** A start takes most of a second of a core; while it is put off nobody stands by, so that it is put off no longer than this. */
const LONGEST_MS = 6_000;
const LOOK_MS = 250;

export interface UnhurriedOptions {
  /** Calls that have a place, but have not joined their rooms yet. */
  joining(): number;
  after(delayMs: number, run: () => void): void;
  /** How long it has been put off already. Default 0. */
  waitedMs?: number;
}

/** Runs what starts a shard when nobody joins: those who call in one moment all join first. */
export function unhurried(options: UnhurriedOptions, run: () => void): void {
  const { joining, after, waitedMs = 0 } = options;
  if (joining() === 0 || waitedMs >= LONGEST_MS) run();
  else after(LOOK_MS, () => unhurried({ ...options, waitedMs: waitedMs + LOOK_MS }, run));
}
