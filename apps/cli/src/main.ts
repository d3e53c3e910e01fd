#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { keepCompiledCode } from "./compile-cache.ts";

// First of all: what is loaded before this is compiled anew at every start.
keepCompiledCode();
const { commandLine } = await import("./command-line.ts");

// Everything was closed in order by now; what a library left open must not hold the process.
process.exit(await commandLine(process.argv.slice(2)));
