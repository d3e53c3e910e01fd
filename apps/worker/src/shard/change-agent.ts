import { STORED_AGENTS } from "@parley/agent/stored";
import { type Call, type CallContext, isSessionRoom, lineSeal, ParleyError, readCallFiles } from "@parley/engine";
import type { CallAssignment, CallOrder } from "../messages.ts";
import { inSession } from "./open-call.ts";
import type { ShardAgent } from "./shard-agent.ts";

type ChangeAgent = Extract<CallOrder, { name: "change-agent" }>;

/** What goes on with a call when it is told to; the engine's Call fits. */
export type ChangingCall = Pick<Call, "changeAgent" | "done">;

/** Another stored agent goes on with the call, from its next word on. Rejects with ParleyError, and nothing has changed then. */
export async function changeAgent(
  loaded: ShardAgent,
  call: ChangingCall,
  { context }: CallAssignment,
  { agentId, agentVersion, message, by }: ChangeAgent,
): Promise<void> {
  if (loaded.summary.name !== STORED_AGENTS) throw notHere(loaded, agentId);
  const lent = await loaded.lend(contextFor(context, agentId, agentVersion));
  try {
    const agent = isSessionRoom(context.room) ? inSession(lent.agent, context) : lent.agent;
    call.changeAgent({ agent, agentId, version: agentVersion, message, by });
  } catch (error) {
    lent.giveBack();
    throw error;
  }
  void call.done.then(lent.giveBack);
}

/** Of a call that goes on: as its log has it, its agent may be another by now. */
export async function contextNow(
  loaded: ShardAgent,
  { context, recovery }: CallAssignment,
  filesKeys: readonly string[],
): Promise<CallContext> {
  if (recovery === null || loaded.summary.name !== STORED_AGENTS) return context;
  const { facts } = await readCallFiles(recovery.logPaths, [], lineSeal(filesKeys));
  const changed = facts.findLast((fact) => fact.type === "agent-changed");
  return changed?.agentVersion == null ? context : contextFor(context, changed.agentId, changed.agentVersion);
}

const contextFor = (context: CallContext, agentId: string, agentVersion: number): CallContext => ({
  ...context,
  agentId,
  metadata: { ...context.metadata, agentVersion },
});

const notHere = (loaded: ShardAgent, agentId: string): ParleyError =>
  new ParleyError(`The worker of this call runs ${loaded.summary.name} alone, and cannot go on as ${agentId}.`, {
    code: "agent-not-here",
    category: "refused",
  });
