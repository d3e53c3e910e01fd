import type { Clock } from "@parley/engine";

/** How a part of the platform fares. */
export interface PartStatus {
  /** off: switched off, so that it neither works nor fails. */
  status: "healthy" | "degraded" | "down" | "off";
  /** The newest, also when it is over; null: there was none. */
  lastError: string | null;
  /** Unix ms: since when it is in this state. */
  since: number;
}

export const PARTS = ["livekit", "webhooks", "stt", "llm", "tts", "store", "recordings", "workers"] as const;
export type Part = (typeof PARTS)[number];

const RECENT_MS = 5 * 60_000;
/** A part is down when so many of its uses fail in a row. */
const DOWN_AFTER = 3;
const MAX_ERROR = 300;

/** Remembers, in this process, what went well and what did not. */
export interface StatusBoard {
  worked(part: Part): void;
  failed(part: Part, error: string): void;
  read(): Record<Part, PartStatus>;
}

interface Entry {
  status: PartStatus["status"];
  sinceMs: number;
  lastError: string | null;
  failedAtMs: number | null;
  inARow: number;
}

export function statusBoard(clock: Pick<Clock, "wall">, off: readonly Part[] = []): StatusBoard {
  const begun = clock.wall();
  const entries = new Map<Part, Entry>(
    PARTS.map((part) => {
      const status = off.includes(part) ? "off" : "healthy";
      return [part, { status, sinceMs: begun, lastError: null, failedAtMs: null, inARow: 0 }];
    }),
  );

  function turn(entry: Entry, status: PartStatus["status"]): void {
    if (entry.status === status || entry.status === "off") return;
    entry.status = status;
    entry.sinceMs = clock.wall();
  }

  return {
    worked(part) {
      const entry = entries.get(part)!;
      entry.inARow = 0;
      const isRecent = entry.failedAtMs !== null && clock.wall() - entry.failedAtMs < RECENT_MS;
      turn(entry, isRecent ? "degraded" : "healthy");
    },
    failed(part, error) {
      const entry = entries.get(part)!;
      entry.inARow++;
      entry.lastError = error.slice(0, MAX_ERROR);
      entry.failedAtMs = clock.wall();
      turn(entry, entry.inARow >= DOWN_AFTER ? "down" : "degraded");
    },
    read() {
      const shown = [...entries].map(([part, entry]) => {
        const isOver =
          entry.status === "degraded" && entry.inARow === 0 && clock.wall() - (entry.failedAtMs ?? 0) >= RECENT_MS;
        if (isOver) turn(entry, "healthy");
        return [part, { status: entry.status, lastError: entry.lastError, since: entry.sinceMs }];
      });
      return Object.fromEntries(shown) as Record<Part, PartStatus>;
    },
  };
}
