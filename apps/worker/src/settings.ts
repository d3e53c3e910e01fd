import { ParleyError } from "@parley/engine";
import type { z } from "zod";

/** Settings of any Parley program. A name that begins with PARLEY_ and is not here stops the start. */
export const KNOWN_PARLEY_SETTINGS = [
  "PARLEY_ALLOWED_ORIGINS",
  "PARLEY_API_KEY",
  "PARLEY_CALLS_MAX_MB",
  "PARLEY_DATA",
  "PARLEY_DRAIN_MS",
  "PARLEY_HOST",
  "PARLEY_LIVEKIT_PORT",
  "PARLEY_LIVEKIT_PUBLIC_URL",
  "PARLEY_LOG_LEVEL",
  "PARLEY_PORT",
  "PARLEY_SHARDS",
  "PARLEY_WORKER_KEY",
  "PARLEY_WORKER_PORT",
] as const;

const SECRET_NAME = /KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL/;

/** What may be printed of a setting: secrets by their length only, passwords inside URLs masked. */
export function printableSetting(name: string, value: string): string {
  if (SECRET_NAME.test(name)) return `<${value.length} characters, hidden>`;
  const masked = value.replace(/(\/\/[^/:@\s]*):[^/@\s]*@/, "$1:***@");
  return JSON.stringify(masked.length > 120 ? `${masked.slice(0, 117)}...` : masked);
}

/** The candidate that differs in the fewest characters, when it is near enough to be what was meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (!best || distance < best.distance) best = { candidate, distance };
  }
  return best && best.distance <= Math.max(2, Math.floor(word.length / 4)) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

export interface SettingProblem {
  name: string;
  value: string | undefined;
  fix: string;
}

/** One error that names every bad setting, its value and its fix. Category `configuration`: programs exit 2 on it. */
export function configurationError(problems: readonly SettingProblem[]): ParleyError {
  const lines = problems.map(({ name, value, fix }) =>
    value === undefined ? `${name} is not set: ${fix}` : `${name}=${printableSetting(name, value)}: ${fix}`,
  );
  return new ParleyError(lines.join("\n"), { code: "bad-configuration", category: "configuration" });
}

/**
 * Reads a program's settings from the environment. An empty value counts as unset. Every issue of the schema becomes
 * one line of the error, so a schema's messages are written as fixes. `across` finds problems between settings.
 * @throws ParleyError `bad-configuration`
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
  const problems: SettingProblem[] = [...unknownSettings(env), ...across(given)];
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0] ?? "settings");
      problems.push({ name, value: given[name], fix: issue.message });
    }
  }
  if (problems.length > 0 || !parsed.success) throw configurationError(problems);
  return parsed.data;
}

function unknownSettings(env: NodeJS.ProcessEnv): SettingProblem[] {
  const known: readonly string[] = KNOWN_PARLEY_SETTINGS;
  return Object.keys(env)
    .filter((name) => name.startsWith("PARLEY_") && !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      const fix = meant ? `unknown setting; did you mean ${meant}?` : `unknown setting; known are ${known.join(", ")}`;
      return { name, value: env[name] ?? "", fix };
    });
}
