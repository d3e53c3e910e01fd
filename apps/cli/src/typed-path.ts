import { existsSync } from "node:fs";
import { resolve } from "node:path";

/**
 * A path as the person meant it: from the current folder, or, since `npm run` goes to the package's root first, from
 * the folder in which the command was typed.
 */
export function typedPath(path: string, env: NodeJS.ProcessEnv = process.env): string {
  const here = resolve(path);
  const there = env.INIT_CWD ? resolve(env.INIT_CWD, path) : here;
  return existsSync(here) || !existsSync(there) ? here : there;
}
