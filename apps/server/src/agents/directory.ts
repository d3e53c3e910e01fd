import { HttpProblem } from "../http/problem.ts";

/** How an agent is sent for. */
export interface AgentToSend {
  /** What its worker is registered as with LiveKit. */
  agentName: string;
  /** Goes along in the dispatch's metadata. */
  metadata: Readonly<Record<string, unknown>>;
}

/** One kind of agents: those of code, those that are stored. */
export interface AgentSource {
  /** Null: it has none of that id that this tenant may have. `tenantId` null: nobody's in particular. */
  find(agentId: string, tenantId: string | null): Promise<AgentToSend | null>;
  /** Their ids, for who asked for one that is not there. */
  known(tenantId: string | null): Promise<readonly string[]>;
}

export interface AgentDirectory {
  /** Throws HttpProblem 404 `agent-not-found`, which lists those that there are. */
  find(agentId: string, tenantId: string | null): Promise<AgentToSend>;
}

const MOST_LISTED = 50;

/** Asked in turn: the first source that has it sends it. */
export function agentDirectory(sources: readonly AgentSource[]): AgentDirectory {
  return {
    async find(agentId, tenantId) {
      for (const source of sources) {
        const found = await source.find(agentId, tenantId);
        if (found !== null) return found;
      }
      const known = (await Promise.all(sources.map((source) => source.known(tenantId)))).flat().sort();
      const list = known.length === 0 ? "none" : known.slice(0, MOST_LISTED).join(", ");
      throw new HttpProblem(
        404,
        "agent-not-found",
        `There is no agent ${JSON.stringify(agentId)}. There are: ${list}.`,
      );
    },
  };
}

/** Agents of code: those that this server was started with, and those of the workers that are connected. */
export function codeAgents(named: readonly string[], ofWorkers: () => readonly string[]): AgentSource {
  const all = () => [...new Set([...named, ...ofWorkers()])];
  return {
    async find(agentId) {
      return all().includes(agentId) ? { agentName: agentId, metadata: {} } : null;
    },
    known: async () => all(),
  };
}
