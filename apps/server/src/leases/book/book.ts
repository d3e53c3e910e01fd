import type { LeaseTimings } from "../timings.ts";
import { claims } from "./claims.ts";
import type { LeaseBook } from "./lease-book.ts";
import { openLedger } from "./ledger.ts";
import { placement } from "./placement.ts";
import { rollCall } from "./roll-call.ts";
import { waitingList } from "./waiting-list.ts";

export function leaseBook(timings: LeaseTimings, startMs: number): LeaseBook {
  const ledger = openLedger(timings, startMs);
  const { calls, set, add, free, forget, tellGiver } = ledger;
  const { loseAbsent, ...workers } = rollCall(ledger);
  const { placeAll, ...orders } = placement(ledger);
  let steppedAtMs = startMs;

  /** Promises that were not kept, and ended calls of long ago. */
  function expire(nowMs: number): void {
    for (const entry of [...calls.values()]) {
      const { holding } = entry;
      if (holding.kind === "promised" && nowMs >= holding.untilMs) {
        if (holding.fresh) forget(entry);
        else free(entry, nowMs);
      } else if (holding.kind === "over" && (nowMs - holding.sinceMs > timings.giveUpMs || ledger.hasManyOver())) {
        forget(entry);
      }
    }
  }

  return {
    ...workers,
    ...orders,
    ...waitingList(ledger),
    claim: claims(ledger),
    hold: ledger.hold,
    isHeld: ledger.isHeld,
    knows: (callId) => calls.has(callId) || ledger.isUnshipped(callId),
    hasUnnamed: ledger.hasUnnamed,
    found(nowMs, call) {
      if (!calls.has(call.callId)) free(add({ ...call, crashes: 0 }, { kind: "over", sinceMs: nowMs }), nowMs);
    },
    ended(nowMs, callId) {
      const entry = calls.get(callId);
      if (entry === undefined || entry.holding.kind === "owned") return;
      tellGiver(entry, false, "the call has ended");
      set(entry, { kind: "over", sinceMs: nowMs });
    },
    ownerOf(callId) {
      const holding = calls.get(callId)?.holding;
      if (holding?.kind === "owned" || holding?.kind === "promised") return holding.by;
      return holding?.kind === "free" || holding?.kind === "ordered" ? holding.giver : null;
    },
    step(nowMs) {
      if (nowMs - steppedAtMs > timings.stallMs) ledger.hold(nowMs);
      steppedAtMs = nowMs;
      if (!ledger.isHeld(nowMs)) loseAbsent(nowMs);
      expire(nowMs);
      placeAll(nowMs);
      return ledger.takeEffects();
    },
  };
}
