import type { Settings } from "../../settings.ts";

/** What an endpointing policy may look at. */
export interface Pause {
  /** What was said so far in this turn. */
  text: string;
  language: string;
}

/** How long a silence must last, in ms from its beginning, to end the turn. */
export type Endpointing = (pause: Pause, settings: Settings["endpointing"]) => number;
