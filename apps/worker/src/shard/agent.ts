import { type AgentDefinition, loadAgent, resolveAgent, warmAgent } from "@parley/agent";
import type { CallAgent, CallContext } from "@parley/engine";
import { allowAgentAnywhere } from "../agent-imports.ts";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { AgentSummary } from "../messages.ts";

const PREWARM_LOG_MS = 5_000;

/** The author's agent in this process, warm. */
export interface ShardAgent {
  readonly call: CallAgent;
  readonly summary: AgentSummary;
  /** Null: every job is taken. Throws what the author's code throws. */
  readonly accept: ((context: CallContext) => boolean) | null;
  /** Never throws. */
  close(): Promise<void>;
}

/**
 * Loads the agent's module, its providers and their models.
 * @throws ParleyError of category `configuration`, naming the file, when the module cannot be used.
 */
export async function loadShardAgent(config: WorkerConfig, log: Log): Promise<ShardAgent> {
  allowAgentAnywhere();
  const definition = await loadAgent(config.agentFile);
  const call = await resolveAgent(definition, { env: process.env });
  const slow = setTimeout(() => log.info("still warming: models are loaded, connections opened"), PREWARM_LOG_MS);
  try {
    await Promise.all([warmAgent(call), definition.prewarm?.()]);
  } finally {
    clearTimeout(slow);
  }
  return {
    call,
    summary: summaryOf(definition),
    accept: definition.accept ? acceptOf(definition) : null,
    async close() {
      const parts = [call.stt, call.llm, call.tts, call.spareTts, call.vad];
      const closed = await Promise.allSettled(parts.map(async (part) => part?.close?.()));
      for (const result of closed)
        if (result.status === "rejected") log.warn({ err: result.reason }, "a provider did not close");
    },
  };
}

function summaryOf({ name, title, description, demo, accept, limits }: AgentDefinition): AgentSummary {
  const card = { name, title: title ?? name, description: description ?? "", demo: demo ?? false };
  return { ...card, asksToAccept: accept !== undefined, maxCalls: limits?.maxCallsPerWorker ?? null };
}

function acceptOf(definition: AgentDefinition): (context: CallContext) => boolean {
  return ({ room, metadata }) => definition.accept?.({ room: room ?? "", metadata }) === true;
}
