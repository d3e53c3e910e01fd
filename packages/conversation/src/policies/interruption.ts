import type { Settings } from "../settings.ts";
import { isBackChannel, wordsOf } from "./back-channel.ts";

type Interruption = Settings["interruption"];

/** Does the length of what is being said alone stop the agent? null: length never does. */
export function confirmAfterMs(settings: Interruption): number | null {
  return settings.policy === "length" ? settings.minSpeechMs : null;
}

/** Do these words stop the agent? */
export function wordsInterrupt(text: string, settings: Interruption): boolean {
  if (settings.policy === "off") return false;
  return wordsOf(text).length >= settings.minWords && !isBackChannel(text);
}
