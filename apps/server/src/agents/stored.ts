import { isStoredId, STORED_AGENTS, type StoredAgentDefinition } from "@parley/agent/stored";
import type { Store } from "@parley/store";
import type { AgentWanted } from "@parley/uplink";
import { HttpProblem } from "../http/problem.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { AgentSource } from "./directory.ts";
import { openHeaders } from "./headers.ts";

export interface StoredWorkers {
  /** Those that are connected now: each with the code tools that it offers. */
  connected(): readonly { tools: readonly string[] }[];
  /** One would be of use: whoever can may start it. Told as often as it is so. */
  wanted(): void;
}

/** Agents made through the API. One is for calls of its own tenant alone. */
export function storedAgents(store: Pick<Store, "agents">, workers: StoredWorkers): AgentSource {
  return {
    async find(agentId, tenantId) {
      const row = isStoredId(agentId) ? await store.agents.get(agentId, tenantId) : null;
      if (row === null) return null;
      if (workers.connected().length === 0) throw noWorker(workers);
      return { agentName: STORED_AGENTS, metadata: { agentVersion: row.version } };
    },
    async known(tenantId) {
      return (await store.agents.list({ tenantId })).items.map(({ agentId }) => agentId);
    },
  };
}

/** What workers are told of one, when a call has begun with it: its secrets are open. */
export function storedDefinitions(store: Pick<Store, "agents">, secrets: Secrets) {
  return async ({ agentId, version, tenantId }: AgentWanted): Promise<Record<string, unknown> | null> => {
    const row = await store.agents.versionOf(agentId, version, tenantId);
    return row === null ? null : { ...openHeaders(row.definition, agentId, secrets) };
  };
}

/** What the worker of an agent is registered as. */
export const workerOf = (agentId: string): string => (isStoredId(agentId) ? STORED_AGENTS : agentId);

/** Throws HttpProblem 400 `tool-not-found`, listing those that there are. */
export function refuseUnknownTools({ tools = [] }: StoredAgentDefinition, workers: StoredWorkers): void {
  const named = tools.filter((tool) => typeof tool === "string");
  if (named.length === 0) return;
  const connected = workers.connected();
  if (connected.length === 0) throw noWorker(workers);
  const offered = [...new Set(connected.flatMap((worker) => worker.tools))].sort();
  const missing = named.find((name) => !offered.includes(name));
  if (missing === undefined) return;
  const list = offered.length === 0 ? "none" : offered.join(", ");
  throw new HttpProblem(400, "tool-not-found", `tools: no worker offers ${JSON.stringify(missing)}. Offered: ${list}.`);
}

function noWorker(workers: StoredWorkers): HttpProblem {
  workers.wanted();
  return new HttpProblem(
    503,
    "agent-worker-missing",
    "No worker that runs stored agents is connected: start one with `parley worker --stored`, or wait for one that starts.",
    { "retry-after": "2" },
  );
}
