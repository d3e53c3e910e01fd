import { HIDDEN, type HttpTool, type StoredAgentDefinition } from "@parley/agent/stored";
import { HttpProblem } from "../http/problem.ts";
import type { Secrets } from "../secrets/secrets.ts";

// Headers of HTTP tools are secrets: sealed in the store, hidden in answers, open on the uplink alone.

type Definition = Readonly<Record<string, unknown>>;
const about = (agentId: string): string => `agents/${agentId}`;

export function hideHeaders(definition: Definition): Definition {
  return withHeaders(definition, () => HIDDEN);
}

/** Throws HttpProblem 503 `secret-unreadable`, `secret-key-missing`. */
export function openHeaders(definition: Definition, agentId: string, secrets: Secrets): Definition {
  return withHeaders(definition, (sealed) => secrets.open(sealed, about(agentId)));
}

/**
 * For the store. A hidden value stays what it was in the version `before`, of the tool of that name at the same origin:
 * who may change an agent is not to have its secrets sent elsewhere. Throws HttpProblem 400 `header-hidden`.
 */
export function sealHeaders(
  definition: StoredAgentDefinition,
  agentId: string,
  secrets: Secrets,
  before: Definition | null,
): Definition {
  const old = before === null ? [] : httpToolsOf(before);
  return withHeaders(definition, (value, header, tool) => {
    if (value !== HIDDEN) return secrets.seal(value, about(agentId));
    const same = old.find(({ name, url }) => name === tool.name && new URL(url).origin === new URL(tool.url).origin);
    const kept = same && Object.entries(same.headers).find(([name]) => name.toLowerCase() === header.toLowerCase());
    if (kept) return kept[1];
    const detail = `tools: send the value of ${tool.name}'s header ${header}; ${HIDDEN} keeps only what a tool of that name has at the same host.`;
    throw new HttpProblem(400, "header-hidden", detail);
  });
}

function withHeaders(
  definition: Definition,
  change: (value: string, header: string, tool: HttpTool) => string,
): Definition {
  const { tools } = definition as { tools?: (string | HttpTool)[] };
  if (tools === undefined) return definition;
  return {
    ...definition,
    tools: tools.map((tool) => {
      if (typeof tool === "string") return tool;
      const headers = Object.entries(tool.headers).map(([name, value]) => [name, change(value, name, tool)]);
      return { ...tool, headers: Object.fromEntries(headers) };
    }),
  };
}

const httpToolsOf = ({ tools = [] }: { tools?: (string | HttpTool)[] }): HttpTool[] =>
  tools.filter((tool) => typeof tool !== "string");
