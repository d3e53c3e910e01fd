import { homedir } from "node:os";
import { join } from "node:path";
import { LIVEKIT_SERVER_VERSION } from "../version.ts";

/** Where programs that Parley fetched are kept: `$XDG_CACHE_HOME/parley/bin`, else `~/.cache/parley/bin`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "parley", "bin");
}

export function cachedBinary(folder: string): string {
  return join(folder, `livekit-server-${LIVEKIT_SERVER_VERSION}`);
}
