import { callCommand } from "./commands/call.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { devCommand, startCommand } from "./commands/start.ts";
import { workerCommand } from "./commands/worker.ts";
import { type Out, runProgram } from "./run.ts";

const out: Out = {
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
};

/** Commands load what they need when they run. */
export function commandLine(args: readonly string[]): Promise<number> {
  const commands = [devCommand(out), startCommand(out), workerCommand(), callCommand(out), doctorCommand(out)];
  return runProgram(args, commands, out);
}
