import type { LeasedCall } from "@parley/uplink";
import { leaseMs } from "../timings.ts";
import type { LeasedWorker } from "./entry.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { Ledger } from "./ledger.ts";

/** Which workers are here, and which calls each of them says that it runs. */
export interface RollCall extends Pick<LeaseBook, "up" | "leased" | "gone"> {
  /** Workers that did not come back in time are gone for good, and their calls free. */
  loseAbsent(nowMs: number): void;
}

export function rollCall(ledger: Ledger): RollCall {
  const { workers, calls, timings, add, set, own, free, forget, effect } = ledger;

  /** A worker says that it runs a call. */
  function accept(worker: LeasedWorker, call: LeasedCall, nowMs: number): void {
    const entry = calls.get(call.callId);
    if (entry === undefined) {
      add(call, { kind: "owned", by: worker.id });
      return;
    }
    const { holding } = entry;
    // It has taken the call and looks for a place for it.
    if (holding.kind === "promised" && holding.by === worker.id) holding.untilMs = nowMs + timings.settleMs;
    // It has lost the call and will hear of it from the store.
    if (call.epoch < entry.epoch) return;
    if (holding.kind === "owned" && holding.by !== worker.id && call.epoch === entry.epoch) {
      const owner = workers.get(holding.by);
      // The owner's line broke: when it is lost, whoever runs the call by then has it.
      if (owner?.lostAtMs === null)
        effect({ type: "doubled", callId: call.callId, worker: worker.name, owner: owner.name });
      return;
    }
    // Who gives it away still runs it; whoever else runs it while another one is asked is seen when that one refuses.
    if (holding.kind === "free" && holding.giver !== null) return;
    if (holding.kind === "ordered" && (holding.to !== worker.id || holding.epoch === 0 || call.epoch < holding.epoch))
      return;
    own(entry, worker.id, call);
  }

  /** A worker is gone for good. */
  function lose(worker: LeasedWorker, nowMs: number): void {
    workers.delete(worker.id);
    let count = 0;
    for (const entry of [...calls.values()]) {
      const { holding } = entry;
      if ((holding.kind === "owned" || holding.kind === "promised") && holding.by === worker.id) {
        if (holding.kind === "promised" && holding.fresh) forget(entry);
        else {
          count += 1;
          free(entry, nowMs);
        }
      } else if ((holding.kind === "free" || holding.kind === "ordered") && holding.giver === worker.id) {
        count += 1;
        holding.giver = null;
      }
    }
    if (count > 0) effect({ type: "worker-lost", worker: worker.name, calls: count });
  }

  return {
    up(_nowMs, { id, name, agent }) {
      const known = workers.get(id);
      if (known !== undefined) Object.assign(known, { name, agent, lostAtMs: null });
      else {
        const unknown = { draining: false, open: false, calls: new Map(), unshipped: new Set<string>() };
        workers.set(id, { id, name, agent, lostAtMs: null, ...unknown });
      }
    },
    leased(nowMs, workerId, lease) {
      const worker = workers.get(workerId);
      if (worker === undefined) return;
      const before = worker.calls;
      worker.calls = new Map(lease.calls.map((call) => [call.callId, call]));
      worker.draining = lease.draining;
      worker.open = lease.open;
      worker.unshipped = new Set(lease.unshipped);
      for (const call of worker.calls.values()) accept(worker, call, nowMs);
      for (const callId of before.keys()) {
        if (worker.calls.has(callId)) continue;
        const entry = calls.get(callId);
        if (entry?.holding.kind === "owned" && entry.holding.by === workerId)
          set(entry, { kind: "over", sinceMs: nowMs });
      }
    },
    gone(nowMs, workerId, how) {
      const worker = workers.get(workerId);
      if (worker === undefined) return;
      // A goodbye too: who says it without calls loses none.
      worker.lostAtMs = nowMs + (how === "closed-by-us" ? leaseMs(timings) : timings.lostMs);
    },
    loseAbsent(nowMs) {
      for (const worker of [...workers.values()])
        if (worker.lostAtMs !== null && nowMs >= worker.lostAtMs) lose(worker, nowMs);
    },
  };
}
