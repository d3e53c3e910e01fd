import type { Settings } from "../settings.ts";

type Mode = Settings["recording"]["mode"];

/**
 * How a call is recorded, from what its agent's author permits and what whoever made the call wants of it (its metadata's
 * `recording`: anything else than off, ask and on is no wish). A call never has more than the author permits, perhaps less.
 */
export function recordingMode(permitted: Mode, wanted: unknown): Mode {
  if (permitted === "off" || wanted === "off") return "off";
  if (wanted === "ask" || permitted === "ask") return "ask";
  return wanted === "on" ? "on" : permitted;
}
