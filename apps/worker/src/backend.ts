import type {
  AgentTransfer,
  AgentWanted,
  CallKnown,
  HandOverTo,
  Interim,
  ShippedFact,
  UnservedCall,
  WorkerMeasured,
} from "@parley/uplink";

/** A call that this worker has, as the server is told. */
export interface OwnedCall {
  callId: string;
  epoch: number;
  room: string | null;
  agentName: string;
  identity: string;
  crashes: number;
}

/** What the worker asks the server for. Null answers: the server is away, and calls go on without it. */
export interface Backend {
  /** May this worker have (`epoch` null) or keep (else) the call? */
  claim(
    call: { callId: string; room: string | null; epoch: number | null },
    withinMs: number,
  ): Promise<{ granted: boolean; epoch: number; owner: string | null } | null>;
  /** What is known of the caller of a call that begins here. */
  callContext(call: { callId: string; metadata: string }, withinMs: number): Promise<CallKnown | null>;
  /** The server's copy of a call's log. @throws UplinkError */
  readLog(callId: string, withinMs: number): Promise<readonly ShippedFact[]>;
  /** What a stored agent is in that version; null: there is none. @throws UplinkError when the server does not say */
  agentVersion(wanted: AgentWanted, withinMs: number): Promise<Record<string, unknown> | null>;
  /** Whether all of a closed file is stored. */
  shipped(callId: string, epoch: number, withinMs: number): Promise<boolean>;
  /** Gives a call whose log is complete and stored to another worker. */
  handOver(
    call: { callId: string; epoch: number; to?: HandOverTo | undefined },
    withinMs: number,
  ): Promise<{ accepted: boolean; reason: string }>;
  /** The agent of a call here wants another one. */
  transfer(wanted: AgentTransfer, withinMs: number): Promise<OrderResult>;
  /** There was no room here for a call that LiveKit offered, and will not offer again once every worker has said so. */
  unserved(call: UnservedCall): void;
  /** False: nobody was told. */
  measured(told: WorkerMeasured): boolean;
  /** Shown to whoever watches the call; lost when the line is away or busy. */
  interim(told: Interim): void;
  /** The running calls, or whether there is room for another, have changed: the server hears of it at once. */
  beat(): void;
}

/** An order of the server's, by the uplink. */
export interface ServerOrder {
  callId: string;
  name: string;
  args: Record<string, unknown>;
}

export interface OrderResult {
  ok: boolean;
  /** A code where it is the call that refuses. */
  reason: string;
  /** For a person: what to do. */
  detail?: string;
}
