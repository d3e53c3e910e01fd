import type { Store } from "@parley/store";
import type { AgentTransfer, OrderResult } from "@parley/uplink";
import type { AgentDirectory } from "../agents/directory.ts";
import { HttpProblem } from "../http/problem.ts";
import type { Leases } from "../leases/leases.ts";
import { orThrow } from "./outcome.ts";

export interface AgentChanges {
  agents: AgentDirectory;
  command: Leases["command"];
  /** What the connected workers are registered as. */
  workerAgents(): readonly string[];
}

export interface AgentChange {
  callId: string;
  /** Of the call. */
  tenantId: string | null;
  agentId: string;
  message: string | undefined;
  reason: string | undefined;
  by: string;
  /** It is enough that the other agent is there: the call goes to it at the next quiet moment. */
  soon: boolean;
}

interface Found {
  /** What its workers are registered as; null: no worker is known to run it. */
  runBy: string | null;
  agentVersion: number | null;
  /** Why not, for whoever asked, when the call's own worker has it not either. */
  problem: HttpProblem | null;
}

/** Another agent goes on with the call: where it is if its worker has that one, else at a worker that has. Throws HttpProblem. */
export async function changeAgent(options: AgentChanges, { callId, tenantId, ...change }: AgentChange): Promise<void> {
  const { problem, ...found } = await find(options, change.agentId, tenantId);
  const result = await options.command(callId, "change-agent", { ...change, ...found });
  if (problem !== null && result.reason === "agent-not-here") throw withColleagues(problem, result);
  orThrow(result, callId);
}

/** What a call's own agent asks for. Never rejects: `reason` is the problem's code. */
export function agentTransfers({ store, ...options }: AgentChanges & { store: Pick<Store, "calls"> }) {
  return async ({ callId, agentId, message, reason }: AgentTransfer): Promise<OrderResult> => {
    try {
      const row = await store.calls.get(callId);
      if (row === null)
        throw new HttpProblem(409, "call-starting", "The call has only just begun. Try again in a moment.");
      const { tenantId } = row;
      await changeAgent(options, { callId, tenantId, agentId, message, reason, by: "agent", soon: true });
      return { ok: true, reason: "" };
    } catch (error) {
      if (error instanceof HttpProblem) return { ok: false, reason: error.code, detail: error.message };
      return { ok: false, reason: "not-carried-out", detail: "The server cannot do it now: try again in a moment." };
    }
  };
}

async function find({ agents, workerAgents }: AgentChanges, agentId: string, tenantId: string | null): Promise<Found> {
  try {
    const { agentName, metadata } = await agents.find(agentId, tenantId);
    const { agentVersion } = metadata;
    const version = typeof agentVersion === "number" ? agentVersion : null;
    if (workerAgents().includes(agentName)) return { runBy: agentName, agentVersion: version, problem: null };
    return { runBy: null, agentVersion: version, problem: noWorkerOf(agentId) };
  } catch (error) {
    // It may be a colleague of the call's agent, of which its worker alone knows.
    if (error instanceof HttpProblem && error.code === "agent-not-found")
      return { runBy: null, agentVersion: null, problem: error };
    throw error;
  }
}

function withColleagues({ status, code, message }: HttpProblem, { detail }: OrderResult): HttpProblem {
  return new HttpProblem(status, code, detail === undefined ? message : `${message} ${detail}`);
}

const noWorkerOf = (agentId: string): HttpProblem =>
  new HttpProblem(
    503,
    "agent-worker-missing",
    `No worker of the agent ${agentId} is connected: start one, with BACKEND_URL and PARLEY_WORKER_KEY of this server.`,
    { "retry-after": "2" },
  );
