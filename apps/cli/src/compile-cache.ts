import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Keeps compiled code between starts (a second start is some seconds faster), for this process and those that it
 * starts. In a folder of this user's own: what lies in it is run.
 */
export function keepCompiledCode(env: NodeJS.ProcessEnv = process.env): void {
  const folder = env.NODE_COMPILE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "parley", "compiled");
  // Where it cannot be kept, everything works as before, only slower.
  if (enableCompileCache(folder).directory) env.NODE_COMPILE_CACHE = folder;
}
