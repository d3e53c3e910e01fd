import { nearest } from "@parley/settings/nearest";
import { type Command, commandHelp, type ExitCode, readArguments } from "./command.ts";
import { UsageError } from "./usage-error.ts";

export interface Out {
  /** Standard output, one line. */
  print(line: string): void;
  /** Standard error, one line. */
  complain(line: string): void;
}

function programHelp(commands: readonly Command[]): string {
  const rows = commands.map(
    (command) => [`  ${[command.name, command.takes].join(" ").trim()}`, command.says] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    "Parley runs voice agents on LiveKit.",
    "",
    "Usage: parley <command> [options]",
    "",
    ...rows.map(([left, right]) => `${left.padEnd(width)}${right}`),
    "",
    "`parley <command> --help` says more about one.",
    "",
  ].join("\n");
}

/** Runs one command line and returns the exit code: 0 done, 1 fault, 2 wrong usage or configuration. */
export async function runProgram(args: readonly string[], commands: readonly Command[], out: Out): Promise<ExitCode> {
  try {
    const [name, ...rest] = args;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      const asked = rest[0] === undefined ? undefined : find(rest[0], commands);
      out.print(asked ? commandHelp(asked) : programHelp(commands));
      return name === undefined ? 2 : 0;
    }
    const command = find(name, commands);
    const given = readArguments(command, rest);
    if (given.has("help")) {
      out.print(commandHelp(command));
      return 0;
    }
    return await command.run(given);
  } catch (error) {
    return explain(error, out);
  }
}

function find(name: string, commands: readonly Command[]): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command) return command;
  const names = commands.map((candidate) => candidate.name);
  const meant = nearest(name, names);
  const hint = meant ? `Did you mean ${meant}?` : `There are ${names.join(", ")}.`;
  throw new UsageError(
    name.startsWith("-") ? `parley has no option ${name}. ${hint}` : `parley has no command "${name}". ${hint}`,
  );
}

function explain(error: unknown, out: Out): ExitCode {
  if (error instanceof UsageError) {
    out.complain(error.message);
    out.complain(`\`parley ${error.command ? `${error.command} ` : ""}--help\` shows how it is used.`);
    return 2;
  }
  if (isExplained(error)) {
    out.complain(error.message);
    return error.category === "configuration" ? 2 : 1;
  }
  out.complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

/** An error whose message tells the person what to do: ParleyError, and those of rooms that do not know it. */
function isExplained(error: unknown): error is Error & { code: string; category: string } {
  return error instanceof Error && "code" in error && "category" in error && typeof error.category === "string";
}
