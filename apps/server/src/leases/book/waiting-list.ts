import type { CallEntry } from "./entry.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { Ledger } from "./ledger.ts";

/** Calls that nobody has begun: they are placed as lost ones are, but only where there is room, and for a while. */
export function waitingList({ calls, add, free, forget }: Ledger): Pick<LeaseBook, "wait" | "isWaiting" | "withdraw"> {
  const isWaiting = (entry: CallEntry | undefined): entry is CallEntry =>
    entry !== undefined &&
    entry.unbegun !== null &&
    (entry.holding.kind === "free" || entry.holding.kind === "ordered");

  return {
    wait(nowMs, { callId, room, agentName, metadata, untilMs, isMinted = false }) {
      if (calls.has(callId)) return;
      const seat = { room, agentName, identity: `agent-${callId}`, epoch: 0, crashes: 0 };
      const entry = add({ callId, ...seat }, { kind: "over", sinceMs: nowMs });
      entry.unbegun = { metadata, untilMs, isMinted };
      free(entry, nowMs);
    },
    isWaiting: (callId) => isWaiting(calls.get(callId)),
    withdraw(callId) {
      const entry = calls.get(callId);
      if (isWaiting(entry)) forget(entry);
    },
  };
}
