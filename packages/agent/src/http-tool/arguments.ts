import { z } from "zod";

/** Where the keys are names of somebody's, and the values schemas. */
const NAMED = ["properties", "$defs", "definitions", "dependentSchemas"];
/** What holds values, not schemas. */
const VALUES = ["enum", "const", "default", "examples", "required", "dependentRequired"];
/** Work without bound, for whoever wants to hold up a process that others use too: see docs/agents-api.md. */
const UNCHECKED = ["$ref", "$dynamicRef", "patternProperties"];

/**
 * Checks arguments against a tool's JSON schema, before anybody is asked. `pattern` is not looked at, and a schema with
 * references or `patternProperties`, or one that is not understood, not at all: the service decides about those. The check throws RangeError, whose message says what to mend.
 */
export function argumentsCheck(parameters: Record<string, unknown>): (args: unknown) => void {
  const schema = checkable(parameters);
  return (args) => {
    const checked = schema?.safeParse(args);
    if (checked === undefined || checked.success) return;
    throw new RangeError(`invalid arguments: ${z.prettifyError(checked.error)}`.slice(0, 2_000));
  };
}

function checkable(parameters: Record<string, unknown>): z.ZodType | null {
  try {
    return z.fromJSONSchema(bounded(parameters) as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return null;
  }
}

/** Without what could take for ever. Throws RangeError. */
function bounded(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bounded);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key]) => key !== "pattern");
  if (kept.some(([key]) => UNCHECKED.includes(key))) throw new RangeError("not checked");
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (VALUES.includes(key)) return [key, value];
      if (!NAMED.includes(key) || typeof value !== "object" || value === null) return [key, bounded(value)];
      return [key, Object.fromEntries(Object.entries(value).map(([name, each]) => [name, bounded(each)]))];
    }),
  );
}
