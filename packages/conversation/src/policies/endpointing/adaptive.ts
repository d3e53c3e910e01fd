import type { Endpointing } from "./policy.ts";

/** A share of the way from the least to the most silence, for words that end neither clearly nor openly. */
const UNCLEAR = 0.2;

/** Words after which English (and much of the Germanic and Romance rest) rarely ends. */
const open =
  /(?:^|\s)(?:and|but|or|so|because|if|when|while|that|which|the|a|an|my|your|to|of|for|with|from|at|in|on|is|are|was|um+|uh+|er+m?|like|und|oder|aber|weil|dass|der|die|das|et|ou|mais|que|le|la|les|y|o|pero|el|los|de)$/i;

/** Finished sentences wait the least, open ones the most, the rest a little. */
export const adaptiveEndpointing: Endpointing = (pause, { minMs, maxMs }) => {
  const most = Math.max(minMs, maxMs);
  const text = pause.text.trim();
  if (text === "") return minMs;
  if (/[.?!。？！]["')\]]*$/.test(text) && !/(?:\.\.\.|…)$/.test(text)) return minMs;
  if (/[,;:–—-]$|(?:\.\.\.|…)$/.test(text) || open.test(text)) return most;
  return minMs + (most - minMs) * UNCLEAR;
};
