#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Keeps compiled code between starts (a second start is some seconds faster), for this process and those that it
 * starts. In a folder of this user's own: what lies in it is run.
 *
 * First of all: what is loaded before this is compiled anew at every start. So this file alone is not TypeScript, which
 * would take Node 40 ms to compile (docs/decisions/014).
 */
function keepCompiledCode() {
  const { env } = process;
  const folder = env.NODE_COMPILE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "parley", "compiled");
  // Where it cannot be kept, everything works as before, only slower.
  if (enableCompileCache(folder).directory) env.NODE_COMPILE_CACHE = folder;
}

keepCompiledCode();
const { commandLine } = await import("#command-line");

// Everything was closed in order by now; what a library left open must not hold the process.
process.exit(await commandLine(process.argv.slice(2)));
