import type { Endpointing } from "./endpointing.ts";

/** The same silence ends every turn. */
export const fixedEndpointing: Endpointing = (_pause, settings) => settings.minMs;
