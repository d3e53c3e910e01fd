import { loadTools, resolveAgent, resolveVad, storedAgent, warmAgent } from "@parley/agent";
import { STORED_AGENTS } from "@parley/agent/stored";
import { type CallAgent, type CallContext, ParleyError } from "@parley/engine";
import type { AgentWanted } from "@parley/uplink";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { type AskForAgent, closeProviders, type LentAgent, type ShardAgent } from "./shard-agent.ts";

/** Versions that stay warm here when no call uses them. */
const MOST_IDLE = 16;

interface Kept {
  agent: Promise<CallAgent>;
  calls: number;
}

/** Agents of the server's store: each version is made ready with its first call, and stays so for the next ones. */
export async function loadStoredAgents(config: WorkerConfig, ask: AskForAgent, log: Log): Promise<ShardAgent> {
  const offered = await loadTools(config.toolFiles);
  const vad = await resolveVad("silero");
  await vad.warm?.();
  /** The one whose last call ended longest ago comes first. */
  const kept = new Map<string, Kept>();

  async function make(wanted: AgentWanted): Promise<CallAgent> {
    const { agentId } = wanted;
    const definition = storedAgent({
      agentId,
      definition: await ask(wanted),
      offered,
      allowPrivate: config.httpToolsPrivate,
    });
    const own = definition.vad === "energy" ? {} : { vad };
    const agent = await resolveAgent(definition, { env: process.env, ...own });
    await warmAgent(agent);
    return agent;
  }

  async function drop(key: string, { agent }: Kept): Promise<void> {
    kept.delete(key);
    const made = await agent.catch(() => null);
    if (made) await closeProviders([made.stt, made.llm, made.tts, made.spareTts], log);
  }

  function giveBack(key: string, one: Kept): void {
    one.calls -= 1;
    if (kept.get(key) !== one) return;
    kept.delete(key);
    kept.set(key, one);
    const idle = [...kept].filter(([, { calls }]) => calls === 0);
    for (const [oldest, each] of idle.slice(0, -MOST_IDLE)) void drop(oldest, each);
  }

  async function lend(context: CallContext): Promise<LentAgent> {
    const wanted = wantedBy(context);
    const key = JSON.stringify([wanted.agentId, wanted.version, wanted.tenantId]);
    const one = kept.get(key) ?? { agent: make(wanted), calls: 0 };
    kept.set(key, one);
    one.calls += 1;
    try {
      const agent = await one.agent;
      return { agent, giveBack: () => giveBack(key, one) };
    } catch (error) {
      // The next call tries it anew.
      if (kept.get(key) === one) kept.delete(key);
      throw error;
    }
  }

  return {
    lend,
    ofCode: [],
    summary: {
      name: STORED_AGENTS,
      title: "Stored agents",
      description: "",
      demo: false,
      asksToAccept: false,
      tools: offered.map(({ name }) => name),
      maxCalls: null,
    },
    accept: null,
    async close() {
      await Promise.all([...kept].map(([key, one]) => drop(key, one)));
      await closeProviders([vad], log);
    },
  };
}

/** As the dispatch has it, or the first fact of a call that goes on. */
function wantedBy({ agentId, tenantId, metadata }: CallContext): AgentWanted {
  const version = metadata.agentVersion;
  if (agentId !== null && typeof version === "number" && Number.isSafeInteger(version) && version > 0)
    return { agentId, version, tenantId };
  throw new ParleyError("The call names no stored agent with its version: ask the server for the call's token", {
    code: "agent-not-named",
    category: "refused",
  });
}
