import { type Completeness, completenessOf } from "./completeness.ts";
import { paceOf, trustInStops } from "./pace.ts";
import type { Endpointing } from "./policy.ts";

/** Shares of the way from the least to the most silence. */
const shares: Record<Completeness, number> = { finished: 0, stopped: 0, unclear: 0.2, open: 1 };

/**
 * Finished sentences wait the least, open ones the most, the rest a little: more for a caller who pauses long inside
 * turns, less for one who does not. A full stop counts for as much as it has been worth with this caller.
 */
export const adaptiveEndpointing: Endpointing = (pause, { minMs, maxMs, learn }) => {
  const most = Math.max(minMs, maxMs);
  const completeness = completenessOf(pause.text);
  const doubt = learn && completeness === "stopped" ? 1 - trustInStops(pause.pauses) : 0;
  const share = Math.max(shares[completeness], shares.unclear * doubt) * (learn ? paceOf(pause.pauses) : 1);
  return minMs + (most - minMs) * Math.min(1, withDetector(share, completeness, pause.endProbability));
};

/** A detector that hears somebody go on is believed; one that hears an end is not, against words that are open. */
function withDetector(share: number, completeness: Completeness, endProbability: number | null): number {
  if (endProbability === null) return share;
  if (endProbability < 0.5) return Math.max(share, 1 - endProbability);
  return completeness === "open" ? share : share * 2 * (1 - endProbability);
}
