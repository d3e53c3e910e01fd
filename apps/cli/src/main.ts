#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { callCommand } from "./commands/call.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { devCommand, startCommand } from "./commands/start.ts";
import { workerCommand } from "./commands/worker.ts";
import { keepCompiledCode } from "./compile-cache.ts";
import { type Out, runProgram } from "./run.ts";

const out: Out = {
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
};

const commands = [devCommand(out), startCommand(out), workerCommand(), callCommand(out), doctorCommand(out)];

// Before anything heavy: commands load what they need when they run.
keepCompiledCode();

// Everything was closed in order by now; what a library left open must not hold the process.
process.exit(await runProgram(process.argv.slice(2), commands, out));
