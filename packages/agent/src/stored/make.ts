import { type AgentTool, ParleyError } from "@parley/engine";
import { type AgentDefinition, type AgentOptions, defineAgent } from "../definition.ts";
import { httpTool } from "../http-tool/run.ts";
import { storedAgentSchema } from "./schema.ts";

export interface StoredAgentOptions {
  agentId: string;
  /** As the server gives it, secrets open. */
  definition: unknown;
  /** Tools of code that it may name. */
  offered: readonly AgentTool[];
  /** HTTP tools may reach loopback and private addresses. */
  allowPrivate: boolean;
}

/** An agent that names neither hears and speaks with what needs no key. */
const withoutKeys = { stt: "local/pocketsphinx", tts: "local/flite" } as const;

/** Throws ParleyError `agent-invalid`, and `tool-unknown` for a tool of code that is not offered here. */
export function storedAgent({ agentId, definition, offered, allowPrivate }: StoredAgentOptions): AgentDefinition {
  const parsed = storedAgentSchema.safeParse(definition);
  if (!parsed.success)
    throw wrong("agent-invalid", `the agent ${agentId} is not one for this Parley: ${parsed.error.issues[0]?.message}`);
  const { name: title, tools = [], ...options } = parsed.data;
  const made = tools.map((tool) => {
    if (typeof tool !== "string") return httpTool(tool, { allowPrivate });
    const found = offered.find(({ name }) => name === tool);
    if (found !== undefined) return found;
    const list = offered.map(({ name }) => name).join(", ") || "none";
    throw wrong("tool-unknown", `the agent ${agentId} wants the tool ${tool}; this worker offers ${list}`);
  });
  return defineAgent({
    ...withoutKeys,
    ...options,
    name: agentId,
    title: title.slice(0, 100),
    tools: made,
  } as AgentOptions);
}

const wrong = (code: string, message: string): ParleyError =>
  new ParleyError(message, { code, category: "configuration" });
