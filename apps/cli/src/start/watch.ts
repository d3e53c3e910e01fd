import { watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Editors write a file in several steps. */
const SETTLE_MS = 200;
const SOURCE = /\.(ts|mts|js|mjs|json)$/;

/** Tells when an agent file, or a source file beside it, has changed. Returns the end of it. */
export function watchAgent(agentFile: string, changed: (file: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(agentFile), (_event, name) => {
    const file = name ?? basename(agentFile);
    if (!SOURCE.test(file) || /\.test\./.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => changed(file), SETTLE_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
