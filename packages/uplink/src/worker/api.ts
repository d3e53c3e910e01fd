import type { UplinkLog } from "../log.ts";
import type {
  AgentTransfer,
  AgentWanted,
  CallKnown,
  Command,
  HandOverTo,
  Interim,
  LeasedCall,
  ShippedFact,
  UnservedCall,
  WorkerMeasured,
} from "../messages.ts";

export interface UplinkOptions {
  /** The server, as in BACKEND_URL. */
  url: string;
  /** As in PARLEY_WORKER_KEY. */
  key: string;
  /** Where the call files are: `<callId>.<epoch>.ndjson`. Made when missing. */
  dir: string;
  log?: UplinkLog;
  /** How lines of call files are read that may be sealed; null: with a key that is not here. Default: they are plain. */
  openLine?: (line: string) => string | null;
  /** Whose files are shipped; those of other calls in the folder are left alone. Default: all. */
  ships?: (callId: string) => boolean;
  /** Name of this worker in the server's log. Default: host name and process id. */
  worker?: string;
  /** Of this process: another process of the same worker has another one. Default: drawn at random. */
  instance?: string;
  /** The dispatch name of the agent that runs here: calls of that agent may be ordered here. Default: none are. */
  agent?: string | null;
  /** Tools of code that stored agents may name here. Default: none. */
  tools?: readonly string[];
  /** How long facts are gathered before they are sent. Default 30 ms. */
  batchMs?: number;
  /** How often the folder is looked through, for what no watcher told. Default 1,000 ms. */
  pollMs?: number;
  /** What call files may take on disk. Default 512. */
  capMiB?: number;
  /** Keep finished files that are wholly stored, until the cap needs their place. Default false. */
  keepFiles?: boolean;
  backoffMs?: { first: number; longest: number };
  /** For a connection to stand. Default 10,000. */
  connectMs?: number;
  /** For the server to confirm something of what was sent, after which the line is made anew. Default 60,000. */
  confirmMs?: number;
  /** The calls that run at this moment, 1,000 at most, for the heartbeat. No file of theirs is removed. */
  runningCalls?: () => LeasedCall[];
  /** True: no calls of other workers are wanted here. */
  draining?: () => boolean;
  /** False: there is no room for a new call. Default: there is. */
  open?: () => boolean;
  /** A newer epoch owns this call: its process must stop before any further effect. */
  onStale?: (call: { callId: string; epoch: number }) => void;
  /** An order from the server. The result goes back to it; a rejection counts as `ok: false` with its message. */
  onCommand?: (command: Command) => Promise<CommandResult>;
}

export interface CommandResult {
  ok: boolean;
  /** Why not: for a person, or a code. */
  reason: string;
  /** With a code: for a person. */
  detail?: string;
}

export interface CallClaim {
  callId: string;
  room: string | null;
  /** Null: it would be new here. */
  epoch: number | null;
}

export interface ClaimAnswer {
  granted: boolean;
  /** The call's last known epoch, 0 when there is none: a new owner begins above it. */
  epoch: number;
  /** Who has it, by name; null when nobody has, or it is not known who. */
  owner: string | null;
}

export interface HandOverCall {
  callId: string;
  epoch: number;
  /** Only to a worker of this agent, which goes on with it. */
  to?: HandOverTo | undefined;
}

export interface HandOverAnswer {
  /** Another worker has said that it goes on with the call. */
  accepted: boolean;
  reason: string;
}

export interface Uplink {
  /** A call's file has grown (or is new): spares the wait for the watcher. */
  notify(callId?: string): void;
  /** False while unshipped files fill the cap: take no new calls. */
  hasRoom(): boolean;
  status(): { connected: boolean; pendingBytes: number; files: number };
  /** Resolves true when every whole fact in the folder is stored, false when that takes longer. */
  drained(withinMs: number): Promise<boolean>;
  /** The same for one file: nothing is written to it any more. False also when the server does not want it. */
  shipped(callId: string, epoch: number, withinMs: number): Promise<boolean>;
  /** `runningCalls`, `draining` or `open` says something new: the server hears of it at once. */
  beat(): void;
  /** A call was offered here and there was no room. Said once, and only while the line stands. */
  unserved(call: UnservedCall): void;
  /** What was measured here. False: the line does not stand, or is slow, and nobody was told. */
  measured(told: WorkerMeasured): boolean;
  /** Shown to whoever watches; lost when the line is away or busy. */
  interim(told: Interim): void;
  /**
   * Epoch null: may this worker have the new call? A number: does it still own the call in that epoch? Null: nobody
   * answered within the time (the server or its store is away). Asked again on every new line.
   */
  claim(call: CallClaim, withinMs: number): Promise<ClaimAnswer | null>;
  /** What the server says of a call that begins; null: nobody answered within the time. */
  callContext(call: { callId: string; metadata: string }, withinMs: number): Promise<CallKnown | null>;
  /** The server's copy of a call's log, in order, one seq once. Throws UplinkError `log-not-read`. */
  readLog(callId: string, withinMs: number): Promise<ShippedFact[]>;
  /**
   * What a stored agent was made with in that version; null: there is none for that tenant.
   * Throws UplinkError `agent-not-read` when the server does not say.
   */
  agentVersion(wanted: AgentWanted, withinMs: number): Promise<Record<string, unknown> | null>;
  /**
   * Gives a call whose log is shipped to another worker; not accepted: it stays here. No answer in time counts as not
   * accepted, with the reason `no-answer`: ask `claim` whether it is still ours.
   */
  handOver(call: HandOverCall, withinMs: number): Promise<HandOverAnswer>;
  /** The agent of a call here wants another one. `reason` of a refusal is its code, `no-answer` where none came. */
  transfer(wanted: AgentTransfer, withinMs: number): Promise<CommandResult>;
  /** Idempotent. What is not confirmed is sent by the next one. */
  close(): Promise<void>;
}
