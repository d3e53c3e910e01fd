import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ParleyError } from "@parley/engine";
import { type AgentDefinition, isAgentDefinition } from "./definition.ts";

/**
 * Loads an agent file: its default export made by `defineAgent`.
 * Throws ParleyError `agent-not-found`, `agent-load-failed` or `agent-missing`, each naming the file.
 */
export async function loadAgent(path: string): Promise<AgentDefinition> {
  const file = resolve(path);
  const configuration = (code: string, message: string, cause?: unknown) =>
    new ParleyError(message, { code, category: "configuration", cause });
  if (!existsSync(file)) throw configuration("agent-not-found", `There is no agent file ${file}`);
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw configuration("agent-load-failed", `The agent file ${file} can't be loaded: ${why}`, cause);
  }
  const agent = module.default ?? module.agent;
  if (!isAgentDefinition(agent))
    throw configuration(
      "agent-missing",
      `The agent file ${file} has no agent: write \`export default defineAgent({ … })\``,
    );
  return agent;
}
