import type { Clock } from "@parley/engine";

const FAILURES_IN_A_ROW = 5;
/** Then one call asks again; the others go on without. */
const REST_MS = 30_000;
const MOST_KNOWN = 10_000;

/** How one hook fares, in this process. */
export interface HookHealth {
  status: "working" | "failing" | "skipped";
  /** The newest, also when it is over; null: there was none. */
  lastError: string | null;
  /** Unix ms. */
  failedAt: number | null;
}

interface Entry {
  inARow: number;
  lastError: string | null;
  failedAt: number | null;
  /** Skipped until then; null: asked. */
  restsUntilMs: number | null;
}

/** Keeps calls from waiting, one after the other, for a hook that does not answer. */
export interface Breaker {
  /** False: it is not asked now. */
  mayAsk(hook: string): boolean;
  worked(hook: string): void;
  failed(hook: string, error: string): void;
  health(hook: string): HookHealth;
}

export function breaker(clock: Pick<Clock, "now" | "wall">): Breaker {
  const entries = new Map<string, Entry>();

  function entryOf(hook: string): Entry {
    const known = entries.get(hook);
    if (known) return known;
    for (const oldest of entries.keys()) {
      if (entries.size < MOST_KNOWN) break;
      entries.delete(oldest);
    }
    const entry: Entry = { inARow: 0, lastError: null, failedAt: null, restsUntilMs: null };
    entries.set(hook, entry);
    return entry;
  }

  return {
    mayAsk(hook) {
      const entry = entries.get(hook);
      if (entry === undefined || entry.restsUntilMs === null) return true;
      if (clock.now() < entry.restsUntilMs) return false;
      // This one tries; whoever comes while it does goes on without.
      entry.restsUntilMs = clock.now() + REST_MS;
      return true;
    },
    worked(hook) {
      const entry = entryOf(hook);
      entry.inARow = 0;
      entry.restsUntilMs = null;
    },
    failed(hook, error) {
      const entry = entryOf(hook);
      entry.inARow += 1;
      entry.lastError = error;
      entry.failedAt = clock.wall();
      if (entry.inARow >= FAILURES_IN_A_ROW) entry.restsUntilMs = clock.now() + REST_MS;
    },
    health(hook) {
      const { inARow, lastError, failedAt, restsUntilMs } = entries.get(hook) ?? entryOf(hook);
      const status = restsUntilMs !== null ? "skipped" : inARow > 0 ? "failing" : "working";
      return { status, lastError, failedAt };
    },
  };
}
