/** How much of a question the model was told. Unknown: none of the questions that there are. */
export type Understood = "whole" | "cut" | "unknown";

/** The answer's voice says it, so that the caller's ear hears what it is an answer to. */
export const TONE_HZ: Record<Understood, number> = { whole: 440, cut: 660, unknown: 880 };
