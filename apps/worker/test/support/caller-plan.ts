import type { Recognised } from "./recogniser.ts";

/** What the program callers.ts is told: people who call at once, and what each of them says. */
export interface CallersPlan {
  url: string;
  /** Joins under way at a time. */
  joinsAtOnce: number;
  callers: { token: string; lines: Line[] }[];
}

export interface Line {
  text: string;
  voice: "slt" | "rms" | "awb";
}

export interface AskedTurn {
  said: string;
  /** Known by its sound at the caller's ear; null: nothing came. */
  heard: Recognised | null;
  /** What a page would have shown, this turn's last words of each side. */
  shownOfCaller: string | undefined;
  shownOfAgent: string | undefined;
}

export interface CallerReport {
  greeted: boolean;
  turns: AskedTurn[];
  /** Why it gave up. */
  error: string | null;
}
