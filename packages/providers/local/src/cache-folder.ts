import { homedir } from "node:os";
import { join } from "node:path";

/** Parley's cache: `$XDG_CACHE_HOME/parley`, else `~/.cache/parley`. */
export function cacheFolder(...parts: string[]): string {
  const root = process.env.XDG_CACHE_HOME;
  return join(root === undefined || root === "" ? join(homedir(), ".cache") : root, "parley", ...parts);
}
