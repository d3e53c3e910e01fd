import { type ParseArgsConfig, parseArgs } from "node:util";
import { nearest } from "@parley/settings/nearest";
import { UsageError } from "./usage-error.ts";

export interface Flag {
  type: "string" | "boolean";
  short?: string;
  multiple?: boolean;
  /** What stands for the value in the help, e.g. `FILE`. */
  value?: string;
  says: string;
}

export interface Given {
  positionals: string[];
  /** Values of a flag, in the order given; empty when it was not. */
  all(flag: string): string[];
  one(flag: string): string | undefined;
  has(flag: string): boolean;
  /** Values of several flags together, in the order in which they were written. */
  inOrder(...flags: string[]): { flag: string; value: string }[];
}

/** 0 done, 1 fault, 2 wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  name: string;
  /** One line for the list of commands. */
  says: string;
  /** What follows the name, e.g. `<agent.ts>`. */
  takes: string;
  positionals: { least: number; most: number };
  flags: Record<string, Flag>;
  /** More help, below the flags. */
  details?: string;
  run(given: Given): Promise<ExitCode>;
}

/**
 * Reads a command's own arguments.
 * @throws UsageError with a suggestion when a flag is unknown or an argument is missing.
 */
export function readArguments(command: Command, args: string[]): Given {
  const options: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
  for (const [name, { type, short, multiple }] of Object.entries(command.flags)) {
    options[name] = { type, ...(short ? { short } : {}), ...(multiple ? { multiple } : {}) };
  }
  const known = Object.keys(options);
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    const unknown = /Unknown option '(-[^']*)'/.exec((error as Error).message)?.[1];
    if (unknown === undefined) throw new UsageError((error as Error).message, command.name);
    const meant = nearest(unknown.replace(/^-+/, ""), known);
    const hint = meant ? ` Did you mean --${meant}?` : "";
    throw new UsageError(`parley ${command.name} has no option ${unknown}.${hint}`, command.name);
  }
  const values = parsed.values as Record<string, unknown>;
  const all = (flag: string): string[] => {
    const value = values[flag];
    return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
  };
  const given: Given = {
    positionals: parsed.positionals,
    all,
    one: (flag) => all(flag).at(-1),
    has: (flag) => values[flag] === true,
    inOrder: (...flags) =>
      (parsed.tokens ?? []).flatMap((token) =>
        token.kind === "option" && flags.includes(token.name) ? [{ flag: token.name, value: token.value ?? "" }] : [],
      ),
  };
  if (given.has("help")) return given;
  const { least, most } = command.positionals;
  const count = parsed.positionals.length;
  if (count < least) throw new UsageError(`parley ${command.name} needs ${command.takes}.`, command.name);
  if (count > most) {
    throw new UsageError(`parley ${command.name} does not take "${parsed.positionals[most]}".`, command.name);
  }
  return given;
}

export function commandHelp(command: Command): string {
  const rows = Object.entries({
    ...command.flags,
    help: { type: "boolean", short: "h", says: "Show this help" } as Flag,
  });
  const lines = rows.map(([name, flag]) => {
    const short = flag.short ? `-${flag.short}, ` : "    ";
    return [`  ${short}--${name}${flag.value ? ` ${flag.value}` : ""}`, flag.says] as const;
  });
  const width = Math.max(...lines.map(([left]) => left.length)) + 2;
  const usage = ["parley", command.name, command.takes, "[options]"].filter((part) => part !== "").join(" ");
  return [
    `${command.says}.`,
    "",
    `Usage: ${usage}`,
    "",
    ...lines.map(([left, right]) => `${left.padEnd(width)}${right}`),
    ...(command.details ? ["", command.details] : []),
    "",
  ].join("\n");
}
