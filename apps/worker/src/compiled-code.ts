import { flushCompileCache } from "node:module";

/** A start is over by then. */
const AFTER_MS = 2_000;

/**
 * Puts what this process has compiled on disk, for the next start, where a compile cache is on: Node does so at a
 * process's end, which a worker that is killed never comes to. What is there already is not written again.
 */
export function keepCompiledCodeSoon(): void {
  setTimeout(flushCompileCache, AFTER_MS).unref();
}
