#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { callCommand } from "./commands/call.ts";
import { doctorCommand } from "./commands/doctor.ts";

import { devCommand, startCommand } from "./commands/start.ts";
import { workerCommand } from "./commands/worker.ts";
import { type Out, runProgram } from "./run.ts";

const out: Out = {
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
};

const commands = [devCommand(out), startCommand(out), workerCommand(), callCommand(out), doctorCommand(out)];

// Everything was closed in order by now; what a library left open must not hold the process.
process.exit(await runProgram(process.argv.slice(2), commands, out));
