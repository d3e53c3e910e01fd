import type { Settings } from "../settings.ts";
import { adaptiveEndpointing } from "./endpointing-adaptive.ts";
import { fixedEndpointing } from "./endpointing-fixed.ts";

/** What an endpointing policy may look at. */
export interface Pause {
  /** What was said so far in this turn. */
  text: string;
  language: string;
}

/** How long a silence must last, in ms from its beginning, to end the turn. */
export type Endpointing = (pause: Pause, settings: Settings["endpointing"]) => number;

const policies: Record<Settings["endpointing"]["policy"], Endpointing> = {
  fixed: fixedEndpointing,
  adaptive: adaptiveEndpointing,
};

export const endpointingDelayMs: Endpointing = (pause, settings) => policies[settings.policy](pause, settings);
