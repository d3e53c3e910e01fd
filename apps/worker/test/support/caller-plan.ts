import type { Line } from "./lines.ts";

/** What the program callers.ts is told: people who call at once, and what each of them says. */
export interface CallersPlan {
  url: string;
  /** Joins under way at a time. */
  joinsAtOnce: number;
  /** Questions and answers under way at a time; the others wait in silence. */
  turnsAtOnce: number;
  callers: { token: string; lines: readonly Line[] }[];
}

export interface AskedTurn {
  said: string;
  /** The answer at the caller's ear, known by its mark; null: nothing came. */
  heard: string | null;
  /** What a page would have shown meanwhile, finished texts only. */
  shown: { caller: string[]; agent: string[] };
}

export interface CallerReport {
  /** Why it never came into conversation; null: it did. */
  error: string | null;
  turns: AskedTurn[];
}
