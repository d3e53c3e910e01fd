import type { Settings } from "../../settings.ts";

/** A pause of a caller that turned out to lie inside a turn. */
export interface SeenPause {
  ms: number;
  /** The words before it ended with a full stop all the same. */
  stopped: boolean;
}

/** What an endpointing policy may look at. */
export interface Pause {
  /** What was said so far in this turn. */
  text: string;
  language: string;
  /** Of this caller; the last few. */
  pauses: readonly SeenPause[];
  /** What a turn detector makes of the sound: 0 (will go on) to 1 (has finished); null when it has not (yet) said. */
  endProbability: number | null;
}

/** How long a silence must last, in ms from its beginning, to end the turn. */
export type Endpointing = (pause: Pause, settings: Settings["endpointing"]) => number;
