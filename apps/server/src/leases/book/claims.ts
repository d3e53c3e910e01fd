import type { Holding } from "./entry.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { Ledger } from "./ledger.ts";

/** New calls that one worker may have claimed and not begun. */
const MAX_PROMISED = 1_000;

/** Who has a call, as far as a claim by somebody else goes; null: nobody. */
function holderOf(holding: Holding | undefined): string | null {
  if (holding === undefined || holding.kind === "over" || holding.kind === "free") return null;
  return holding.kind === "ordered" ? holding.to : holding.by;
}

/** May a worker run a call? A new one, or one that it believes to be its own. */
export function claims(ledger: Ledger): LeaseBook["claim"] {
  const { calls, workers, add, promise, isUnshipped } = ledger;
  const blank = { room: null, agentName: null, identity: "", crashes: 0 };

  function promisedTo(workerId: string): number {
    let count = 0;
    for (const { holding } of calls.values()) if (holding.kind === "promised" && holding.by === workerId) count += 1;
    return count;
  }

  return (nowMs, workerId, { callId, epoch, storedEpoch, storedLive }) => {
    const entry = calls.get(callId);
    const known = Math.max(entry?.epoch ?? 0, storedEpoch);
    const holding = entry?.holding;
    const holder = holderOf(holding);
    const refused = {
      granted: false,
      epoch: known,
      owner: holder === null ? null : (workers.get(holder)?.name ?? null),
    };
    const granted = { granted: true, epoch: known, owner: null };
    const isMine = holder === workerId && holding?.kind !== "ordered";
    if (epoch !== null && epoch < known) return refused;
    if (holder !== null && !isMine) return refused;
    if (epoch === null) {
      const isLost = holding?.kind === "free" && entry?.unbegun === null;
      if (isLost || holding?.kind === "owned") return refused;
      // Somebody who is not back yet runs it, or nobody does and it is about to be found.
      if (holding === undefined && storedLive && !isUnshipped(callId)) return refused;
      if (promisedTo(workerId) >= MAX_PROMISED) return refused;
      const claimed = entry ?? add({ callId, epoch: known, ...blank }, { kind: "over", sinceMs: nowMs });
      claimed.epoch = known;
      promise(claimed, workerId, nowMs, true);
      return granted;
    }
    if (holding?.kind === "free" && holding.giver === null && entry !== undefined)
      promise(entry, workerId, nowMs, false);
    return granted;
  };
}
