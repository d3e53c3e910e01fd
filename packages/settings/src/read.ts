import { ParleyError } from "@parley/engine/error";
import type { z } from "zod";
import { KNOWN_PARLEY_SETTINGS } from "./known.ts";
import { nearest } from "./nearest.ts";
import { printableSetting } from "./printable.ts";

export interface SettingProblem {
  name: string;
  /** Undefined: not set. */
  value: string | undefined;
  /** What to do, as the rest of a sentence. */
  fix: string;
}

/**
 * Reads a program's settings from the environment. An empty value counts as unset. Every issue of the schema becomes
 * one line of the error, so a schema's messages are written as fixes. `across` finds problems between settings.
 * @throws ParleyError `bad-configuration`, naming every bad setting, its value (secrets hidden) and the fix. Its category is
 * `configuration`: programs exit 2 on it.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: NodeJS.ProcessEnv,
  across: (given: Readonly<Record<string, string>>) => SettingProblem[] = () => [],
): z.infer<z.ZodObject<Shape>> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name]?.trim();
    if (value) given[name] = value;
  }
  const problems = [...unknownSettings(env), ...across(given)];
  const parsed = schema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0] ?? "settings");
    problems.push({ name, value: given[name], fix: issue.message });
  }
  if (problems.length > 0 || !parsed.success) throw configurationError(problems);
  return parsed.data;
}

function unknownSettings(env: NodeJS.ProcessEnv): SettingProblem[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("PARLEY_") && !KNOWN_PARLEY_SETTINGS.includes(name))
    .map((name) => {
      const meant = nearest(name, KNOWN_PARLEY_SETTINGS);
      const fix = meant ? `did you mean ${meant}?` : `known are ${KNOWN_PARLEY_SETTINGS.join(", ")}`;
      return { name, value: env[name] ?? "", fix: `unknown setting; ${fix}` };
    });
}

function configurationError(problems: readonly SettingProblem[]): ParleyError {
  const lines = problems.map(({ name, value, fix }) =>
    value === undefined ? `${name} is not set: ${fix}` : `${name}=${printableSetting(name, value)}: ${fix}`,
  );
  return new ParleyError(lines.join("\n"), { code: "bad-configuration", category: "configuration" });
}
