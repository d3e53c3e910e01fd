import type { Fact, Failure, InputBody } from "@parley/conversation";
import type { CallLog, Clock, Recorder, Transport } from "../ports/index.ts";
import type { CallAgent, CallContext, TransferOptions } from "./agent.ts";
import type { Logger } from "./logger.ts";
import type { Lease, RecoveredLog } from "./loop.ts";

export interface CallOptions {
  callId: string;
  epoch: number;
  agent: CallAgent;
  transport: Transport;
  log: CallLog;
  context: CallContext;
  /** Agents that are ready in this process, and may go on with the call. */
  colleagues?: readonly CallAgent[];
  /** Gives the call to an agent that is not here; resolves when that is under way, rejects with ParleyError. Default: there is none. */
  transferElsewhere?(wanted: TransferWanted): Promise<void>;
  /** Set when the call goes on from the log that another process left. */
  recovered?: Recovery;
  /** Default: the call is this process's own for as long as it lives. */
  lease?: Lease;
  /** Default: nothing can be recorded, whatever the agent's settings say. */
  recorder?: Recorder | null;
  clock?: Clock;
  logger?: Logger;
  /** Told every fact after it was appended. */
  onFact?: (fact: Fact) => void;
  /** Told what is shown live and never appended. */
  onEphemeral?: (input: InputBody) => void;
}

/** An agent that is to go on with the call. */
export interface TransferWanted extends TransferOptions {
  agentId: string;
  by: string;
}

/** Who goes on with a call in the place of its agent. */
export interface NextAgent {
  agent: CallAgent;
  agentId: string;
  /** Of a stored agent. */
  version: number | null;
  /** Said in place of its greeting. */
  message?: string | undefined;
  reason?: string | undefined;
  by: string;
}

/** How a call goes on after the process that ran it has died. */
export interface Recovery extends RecoveredLog {
  /** Who takes it over, for the log. */
  by: string;
  /** Not the agent that had the call goes on with it, but the one of the options: how its log is told. */
  arrival?: Omit<NextAgent, "agent">;
  /** It was let go of for an agent that did not take it. */
  notTransferred?: Failure;
}
