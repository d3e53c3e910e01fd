import type { HandOverTo, LeasedCall } from "@parley/uplink";

/** A worker's process, as far as leases go. */
export interface LeasedWorker {
  readonly id: string;
  name: string;
  agent: string | null;
  draining: boolean;
  /** It has room for a new call. */
  open: boolean;
  /** Null: it is here. Else it is lost unless it is back by then. */
  lostAtMs: number | null;
  /** As its last lease said. */
  calls: ReadonlyMap<string, LeasedCall>;
  unshipped: ReadonlySet<string>;
}

/** Who has a call. */
export type Holding =
  /** Its lease says so. */
  | { kind: "owned"; by: string }
  /** It may, or has said that it will; its lease is to say so. `fresh`: a new call, of which there is no log yet. */
  | { kind: "promised"; by: string; untilMs: number; fresh: boolean }
  /** `giver`: who wants to hand it over and has it until then; null: nobody runs it. */
  | { kind: "free"; sinceMs: number; retryAtMs: number; tried: ReadonlySet<string>; giver: string | null }
  /** A worker was asked to take it. `epoch` is 0 until it is chosen. */
  | { kind: "ordered"; to: string; epoch: number; sinceMs: number; tried: ReadonlySet<string>; giver: string | null }
  | { kind: "over"; sinceMs: number };

/** What a call that nobody has begun needs to begin. */
export interface Unbegun {
  /** Of its room and dispatch together, as JSON. */
  metadata: string;
  /** How long its caller is kept waiting. */
  untilMs: number;
  /** See WaitingCall. */
  isMinted: boolean;
}

/** The agent that is to go on with a call, and why the last worker of it would not. */
export interface Transfer {
  to: HandOverTo;
  refusal: string | null;
}

export interface CallEntry extends Omit<LeasedCall, "agentName"> {
  /** Null: not known; any agent's worker may take it. */
  agentName: string | null;
  /** No order had a higher epoch. */
  orderedEpoch: number;
  /** Who gave it away last, by hand-over. */
  gaveAway: string | null;
  /** Null: somebody runs it, or ran it. */
  unbegun: Unbegun | null;
  /** Its giver gives it to this agent only; without a giver of no meaning. */
  transfer: Transfer | null;
  holding: Holding;
}

/** The worker for a call that nobody runs: the emptiest that runs its agent and wants calls; new ones, if it is new. */
export function nextWorker(
  call: Pick<CallEntry, "callId" | "agentName" | "unbegun">,
  workers: Iterable<LeasedWorker>,
  { tried, load }: { tried: ReadonlySet<string>; load(workerId: string): number },
): LeasedWorker | undefined {
  let best: LeasedWorker | undefined;
  for (const worker of workers) {
    const runsAgent = worker.agent !== null && (call.agentName === null || worker.agent === call.agentName);
    if (worker.lostAtMs !== null || worker.draining || !runsAgent || tried.has(worker.id)) continue;
    if (call.unbegun !== null && !worker.open) continue;
    if (best === undefined || load(worker.id) < load(best.id)) best = worker;
  }
  return best;
}

/** A worker that is here and says that it runs the call, in an epoch that counts. */
export function listerOf(call: CallEntry, workers: Iterable<LeasedWorker>): [LeasedWorker, LeasedCall] | undefined {
  for (const worker of workers) {
    const listed = worker.calls.get(call.callId);
    if (worker.lostAtMs === null && listed !== undefined && listed.epoch >= call.epoch) return [worker, listed];
  }
  return undefined;
}
