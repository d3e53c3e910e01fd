import type { Fact, InputBody } from "@parley/conversation";
import type { CallLog, Clock, Recorder, Transport } from "../ports/index.ts";
import type { CallAgent, CallContext } from "./agent.ts";
import type { Logger } from "./logger.ts";
import type { Lease, RecoveredLog } from "./loop.ts";

export interface CallOptions {
  callId: string;
  epoch: number;
  agent: CallAgent;
  transport: Transport;
  log: CallLog;
  context: CallContext;
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

/** How a call goes on after the process that ran it has died. */
export interface Recovery extends RecoveredLog {
  /** Who takes it over, for the log. */
  by: string;
}
