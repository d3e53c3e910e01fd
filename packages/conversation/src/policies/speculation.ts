import type { Settings } from "../settings.ts";

/** May a reply be prepared at this pause, before the turn's end is decided? */
export function maySpeculate(turn: { wasted: number; text: string }, settings: Settings["speculation"]): boolean {
  return settings.policy === "at-pause" && turn.wasted < settings.maxPerTurn && turn.text !== "";
}
