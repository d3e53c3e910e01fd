import type { AgentWanted } from "@parley/uplink";
import type { Backend } from "./backend.ts";
import type { Log } from "./log.ts";
import type { FromShard, ToShard } from "./messages.ts";

/** A caller waits meanwhile; the line to the server may be in the making. */
const ASK_MS = 10_000;
const MOST_KEPT = 200;

export interface StoredAgentsOptions {
  send(shardId: number, message: ToShard): void;
  backend(): Backend | null;
  log: Log;
}

/** What stored agents are, as shards ask for it: from the server, once for each version, which never changes. */
export interface StoredAgents {
  asked(shardId: number, question: Extract<FromShard, { type: "agent-wanted" }>): void;
}

export function createStoredAgents({ send, backend, log }: StoredAgentsOptions): StoredAgents {
  /** The one that was wanted longest ago comes first. */
  const kept = new Map<string, Promise<Record<string, unknown> | null>>();

  function get(wanted: AgentWanted): Promise<Record<string, unknown> | null> {
    const key = JSON.stringify([wanted.agentId, wanted.version, wanted.tenantId]);
    const found = kept.get(key) ?? fromServer(wanted);
    kept.delete(key);
    kept.set(key, found);
    const forget = (): void => {
      if (kept.get(key) === found) kept.delete(key);
    };
    // What is not there, or was not said, is asked for again.
    found.then((definition) => definition === null && forget(), forget);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return found;
  }

  async function fromServer(wanted: AgentWanted): Promise<Record<string, unknown> | null> {
    const server = backend();
    if (server === null) throw new Error("there is no server to ask");
    return server.agentVersion(wanted, ASK_MS);
  }

  return {
    asked(shardId, { askId, wanted }) {
      const tell = (definition: Record<string, unknown> | null, problem: string): void =>
        send(shardId, { type: "agent-version", askId, definition, problem });
      get(wanted).then(
        (definition) => tell(definition, definition === null ? "the server knows none of that version" : ""),
        (error: unknown) => {
          log.error(
            { agentId: wanted.agentId, version: wanted.version, err: error },
            "a stored agent is not to be had",
          );
          tell(null, error instanceof Error ? error.message : String(error));
        },
      );
    },
  };
}
