import type { Endpointing } from "./policy.ts";

/** The same silence ends every turn. */
export const fixedEndpointing: Endpointing = (_pause, settings) => settings.minMs;
