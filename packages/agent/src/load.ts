import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type AgentTool, ParleyError } from "@parley/engine";
import { type AgentDefinition, isAgentDefinition } from "./definition.ts";

/**
 * Loads an agent file: its default export made by `defineAgent`.
 * Throws ParleyError `agent-not-found`, `agent-load-failed` or `agent-missing`, each naming the file.
 */
export async function loadAgent(path: string): Promise<AgentDefinition> {
  const { file, module } = await load(path);
  const agent = module.default ?? module.agent;
  if (!isAgentDefinition(agent))
    throw configuration(
      "agent-missing",
      `The agent file ${file} has no agent: write \`export default defineAgent({ … })\``,
    );
  return agent;
}

/**
 * The tools that files offer to stored agents: their export `tools`, else those of their agent.
 * Throws ParleyError `agent-not-found`, `agent-load-failed`, `tools-missing` or `tool-invalid`, each naming the file.
 */
export async function loadTools(paths: readonly string[]): Promise<AgentTool[]> {
  const found = new Map<string, AgentTool>();
  for (const path of paths) {
    const { file, module } = await load(path);
    const agent = module.default ?? module.agent;
    const tools = module.tools ?? (isAgentDefinition(agent) ? (agent.tools ?? []) : undefined);
    if (!Array.isArray(tools) || !tools.every(isTool))
      throw configuration(
        "tools-missing",
        `The file ${file} has no tools: write \`export const tools = [tool({ … })]\``,
      );
    for (const tool of tools) {
      const same = found.get(tool.name);
      if (same !== undefined && same !== tool)
        throw configuration("tool-invalid", `The file ${file} has a tool ${tool.name}, and so has one before it`);
      found.set(tool.name, tool);
    }
  }
  return [...found.values()];
}

const isTool = (value: unknown): value is AgentTool =>
  typeof value === "object" && value !== null && "name" in value && "execute" in value && "parameters" in value;

const configuration = (code: string, message: string, cause?: unknown) =>
  new ParleyError(message, { code, category: "configuration", cause });

async function load(path: string): Promise<{ file: string; module: Record<string, unknown> }> {
  const file = resolve(path);
  if (!existsSync(file)) throw configuration("agent-not-found", `There is no agent file ${file}`);
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw configuration("agent-load-failed", `The agent file ${file} can't be loaded: ${why}`, cause);
  }
  return { file, module };
}
