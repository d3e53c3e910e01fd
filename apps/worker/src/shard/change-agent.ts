import { STORED_AGENTS } from "@parley/agent/stored";
import {
  agentOf,
  type Call,
  type CallAgent,
  type CallContext,
  type CallFilesReading,
  checkNextAgent,
  isSessionRoom,
  lineSeal,
  type NextAgent,
  ParleyError,
  readCallFiles,
} from "@parley/engine";
import type { Arrival, CallAssignment, ChangeAgent } from "../messages.ts";
import { inSession } from "./open-call.ts";
import type { LentAgent, ShardAgent } from "./shard-agent.ts";

/** What goes on with a call when it is told to; the engine's Call fits. */
export type ChangingCall = Pick<Call, "changeAgent" | "done"> & { control: Pick<Call["control"], "agent"> };

/** Another agent goes on with the call, from its next word on. Rejects with ParleyError, and nothing has changed then. */
export async function changeAgent(
  loaded: ShardAgent,
  call: ChangingCall,
  { context }: CallAssignment,
  order: ChangeAgent,
): Promise<void> {
  const { agentId, agentVersion: version, message, reason, by } = order;
  const isStored = loaded.summary.name === STORED_AGENTS;
  const now = loaded.ofCode.find(({ name }) => name === call.control.agent);
  if (now?.realtime) throw refusal("speaks-realtime", `${now.name} is a speech-to-speech model, which keeps its call.`);
  if (version === null && agentId === call.control.agent)
    throw refusal("same-agent", `${agentId} has the call already.`);
  if (isStored ? version === null : !ofCode(loaded, agentId, version)) throw notHere(loaded, call, agentId);
  const lent = await loaded.lend(contextFor(context, agentId, version), agentId);
  try {
    const agent = isSessionRoom(context.room) ? inSession(lent.agent, context) : lent.agent;
    call.changeAgent({ agent, agentId, version, message, reason, by });
  } catch (error) {
    lent.giveBack();
    throw error;
  }
  void call.done.then(lent.giveBack);
}

/** Who goes on with a call, or begins it. */
export interface GoesOn {
  lent: LentAgent;
  /** Its log so far; undefined: it has none. */
  reading: CallFilesReading | undefined;
  /** Null: the one that had the call. */
  arrival: Omit<NextAgent, "agent"> | null;
}

/**
 * As its log has it, its agent may be another by now; as it was given here, another one may be meant. One that is not here
 * cannot go on: the worker's own does.
 */
export async function whoGoesOn(
  loaded: ShardAgent,
  { context: begun, recovery, next: ordered }: CallAssignment,
  filesKeys: readonly string[],
): Promise<GoesOn> {
  const reading = await readCallFiles(recovery?.logPaths ?? [], [], lineSeal(filesKeys));
  const { facts } = reading;
  const had = agentOf(facts);
  // It was carried out, and the call may be another's again.
  const isDone = facts.some(({ type, epoch }) => type === "agent-changed" && epoch >= (ordered?.sinceEpoch ?? 0));
  const next = isDone ? null : ordered;
  const wanted = next ? { agentId: next.agentId, agent: next.agentId, version: next.agentVersion } : had;
  const isHere = wanted !== null && isOfHere(loaded, wanted);
  const context = isHere ? contextFor(begun, wanted.agentId, wanted.version) : begun;
  const lent = await loaded.lend(context, wanted?.agent);
  const version = isHere ? wanted.version : versionIn(context);
  const { name } = lent.agent;
  if (had === null || (had.agent === name && had.version === version)) return { lent, reading, arrival: null };
  const { message = null, reason = null, by = "recovery" } = (isHere && next) || {};
  const told = { ...(message === null ? {} : { message }), ...(reason === null ? {} : { reason }) };
  return { lent, reading, arrival: { agentId: name, version, by, ...told } };
}

/** Whether an agent of this process could go on with it. Rejects with ParleyError. */
export async function checkArrival(
  loaded: ShardAgent,
  { callId, context: begun, logPath, next }: Arrival,
  filesKeys: readonly string[],
): Promise<void> {
  const context = contextFor(begun, next.agentId, next.agentVersion);
  const { facts } = await readCallFiles([logPath], [], lineSeal(filesKeys));
  if (!isOfHere(loaded, { agent: next.agentId, version: next.agentVersion }))
    throw refusal("agent-not-here", `This worker runs no agent ${next.agentId}.`);
  const { agent, giveBack } = await loaded.lend(context, next.agentId);
  try {
    checkNextAgent(agent, { callId, context, facts });
  } finally {
    giveBack();
  }
}

function isOfHere(loaded: ShardAgent, { agent, version }: { agent: string; version: number | null }): boolean {
  return loaded.summary.name === STORED_AGENTS ? version !== null : ofCode(loaded, agent, version) !== undefined;
}

function ofCode({ ofCode: agents }: ShardAgent, agentId: string, version: number | null): CallAgent | undefined {
  return version === null ? agents.find(({ name }) => name === agentId) : undefined;
}

/** Of a stored agent the version goes along; agents of code leave the call's context as it began. */
function contextFor(context: CallContext, agentId: string, agentVersion: number | null): CallContext {
  if (agentVersion === null) return context;
  return { ...context, agentId, metadata: { ...context.metadata, agentVersion } };
}

function versionIn({ metadata }: CallContext): number | null {
  return typeof metadata.agentVersion === "number" ? metadata.agentVersion : null;
}

function notHere({ ofCode }: ShardAgent, call: ChangingCall, agentId: string): ParleyError {
  const others = ofCode.map(({ name }) => name).filter((name) => name !== call.control.agent);
  return refusal(
    "agent-not-here",
    `The worker of this call does not run ${agentId}; its colleagues here: ${others.join(", ") || "none"}.`,
  );
}

const refusal = (code: string, message: string): ParleyError => new ParleyError(message, { code, category: "refused" });
