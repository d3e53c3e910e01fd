import type { RuleState } from "@parley/conversation";
import type { Clock } from "../ports/index.ts";

const LOOK_MS = 40;

/** Nobody speaks, nothing is owed: a moment in which nobody would notice that the process changes. */
export function isQuiet({ playback, replies, turns, closing }: RuleState): boolean {
  // The author's onExit runs: in another process it would have to run again.
  if (closing.phase === "closing" && closing.exitSince !== null) return false;
  return playback.current === null && replies.active.length + turns.open.length + turns.committed.length === 0;
}

/** Resolves when `isNow` holds, or after `withinMs`. */
export function untilQuiet(
  isNow: () => boolean,
  { clock, withinMs }: { clock: Clock; withinMs: number },
): Promise<void> {
  const until = clock.now() + withinMs;
  return new Promise((resolve) => {
    const look = (): void => {
      if (isNow() || clock.now() >= until) resolve();
      else clock.after(LOOK_MS, look);
    };
    look();
  });
}
