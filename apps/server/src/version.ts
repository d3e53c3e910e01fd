import { readFileSync } from "node:fs";

/** As in this package's package.json. */
export const VERSION = String(
  (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version,
);
