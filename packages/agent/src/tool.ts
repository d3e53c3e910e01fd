import { type AgentTool, ParleyError, type ToolContext } from "@parley/engine";
import { z } from "zod";

export interface ToolOptions<P extends z.ZodType> {
  /** Letters, digits, `-` and `_`; what the model calls it. */
  name: string;
  /** Tells the model when to use it. */
  description: string;
  /** A zod object: what the model sends is validated by it, in vain attempts the model is told what was wrong. */
  parameters: P;
  /** It changes nothing in the world: it may run while the caller might still go on speaking. Default false. */
  readOnly?: boolean;
  /** The result goes back to the model as JSON. */
  execute(args: z.output<P>, context: ToolContext): unknown | Promise<unknown>;
}

/**
 * A typed function that the model may call.
 * Throws ParleyError `tool-invalid` when its name or parameters can't be described to a model.
 */
export function tool<P extends z.ZodType>(options: ToolOptions<P>): AgentTool {
  const { name, description, parameters, readOnly = false } = options;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) throw invalid(name, "a tool's name is 1 to 64 letters, digits, - or _");
  return {
    name,
    description,
    parameters: jsonSchema(name, parameters),
    readOnly,
    async execute(args, context) {
      const parsed = await parameters.safeParseAsync(args);
      if (!parsed.success)
        throw new ParleyError(`Invalid arguments for ${name}: ${z.prettifyError(parsed.error)}`, {
          code: "tool-arguments-invalid",
          category: "protocol",
        });
      return await options.execute(parsed.data, context);
    },
  };
}

function jsonSchema(name: string, parameters: z.ZodType): Record<string, unknown> {
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(parameters, { io: "input" }) as Record<string, unknown>;
    if (schema.type === "object") return schema;
  } catch (cause) {
    throw invalid(
      name,
      `its parameters can't be described to a model: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
  throw invalid(name, "its parameters must be a z.object({ … })");
}

function invalid(name: string, what: string): ParleyError {
  return new ParleyError(`tool("${name}"): ${what}`, { code: "tool-invalid", category: "configuration" });
}
