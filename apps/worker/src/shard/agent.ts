import { type AgentDefinition, loadAgent, resolveAgents, warmAgent, withColleagues } from "@parley/agent";
import type { CallContext } from "@parley/engine";
import { allowAgentAnywhere } from "../agent-imports.ts";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { AgentSummary } from "../messages.ts";
import { type AskForAgent, closeProviders, type LentAgent, type ShardAgent } from "./shard-agent.ts";
import { loadStoredAgents } from "./stored-agents.ts";

const PREWARM_LOG_MS = 5_000;

interface Asked {
  ask: AskForAgent;
  /** The agent and its providers are there; their models are still loaded. */
  named(agent: AgentSummary): void;
}

/**
 * Loads the agent's module, its providers and their models.
 * @throws ParleyError of category `configuration`, naming the file, when the module cannot be used.
 */
export async function loadShardAgent(config: WorkerConfig, log: Log, { ask, named }: Asked): Promise<ShardAgent> {
  allowAgentAnywhere();
  const { agentFile } = config;
  return agentFile === null ? loadStoredAgents(config, ask, log) : loadCodeAgent(agentFile, log, named);
}

async function loadCodeAgent(agentFile: string, log: Log, named: Asked["named"]): Promise<ShardAgent> {
  const definition = await loadAgent(agentFile);
  const agents = await resolveAgents(definition, { env: process.env });
  const summary = summaryOf(definition);
  named(summary);
  const slow = setTimeout(() => log.info("still warming: models are loaded, connections opened"), PREWARM_LOG_MS);
  try {
    await Promise.all([...agents.map(warmAgent), ...withColleagues(definition).map((one) => one.prewarm?.())]);
  } finally {
    clearTimeout(slow);
  }
  const lent = agents.map((agent): LentAgent => ({ agent, giveBack() {} }));
  const [own] = lent as [LentAgent];
  const parts = new Set(agents.flatMap(({ stt, llm, tts, spareTts, vad }) => [stt, llm, tts, spareTts, vad]));
  return {
    lend: (_context, name) => lent.find(({ agent }) => agent.name === name) ?? own,
    ofCode: agents,
    summary,
    accept: definition.accept ? acceptOf(definition) : null,
    close: () => closeProviders([...parts], log),
  };
}

function summaryOf({ name, title, description, demo, accept, limits }: AgentDefinition): AgentSummary {
  const card = { name, title: title ?? name, description: description ?? "", demo: demo ?? false };
  return { ...card, asksToAccept: accept !== undefined, tools: [], maxCalls: limits?.maxCallsPerWorker ?? null };
}

function acceptOf(definition: AgentDefinition): (context: CallContext) => boolean {
  return ({ room, metadata }) => definition.accept?.({ room: room ?? "", metadata }) === true;
}
