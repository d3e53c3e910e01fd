import { STORED_AGENTS } from "@parley/agent/stored";
import type { Store } from "@parley/store";
import { type AgentDirectory, agentDirectory, codeAgents } from "./directory.ts";
import { type StoredWorkers, storedAgents } from "./stored.ts";

export interface AllAgentsOptions {
  store: Pick<Store, "agents">;
  /** Those that this server was started with. */
  agents: readonly { name: string }[];
  /** What the connected workers are registered as. */
  workerAgents(): readonly string[];
  storedWorkers: StoredWorkers;
}

/** Agents of code and stored ones. */
export function allAgents({ store, agents, workerAgents, storedWorkers }: AllAgentsOptions): AgentDirectory {
  return agentDirectory([
    codeAgents(
      agents.map(({ name }) => name),
      () => workerAgents().filter((name) => name !== STORED_AGENTS),
    ),
    storedAgents(store, storedWorkers),
  ]);
}
