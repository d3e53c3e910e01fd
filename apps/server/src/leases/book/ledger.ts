import type { LeasedCall } from "@parley/uplink";
import { type LeaseTimings, leaseMs } from "../timings.ts";
import type { CallEntry, Holding, LeasedWorker } from "./entry.ts";
import type { Effect } from "./lease-book.ts";

/** Ended calls whose epoch is remembered: their last facts may not be stored yet. */
const MAX_OVER = 10_000;
/** As long as it gets: there may be more that are not named. */
const MAX_UNSHIPPED = 500;

/** What the book's parts share: who is here, who has what, and what is to be done about it. */
export interface Ledger {
  readonly timings: LeaseTimings;
  readonly workers: Map<string, LeasedWorker>;
  readonly calls: ReadonlyMap<string, CallEntry>;
  add(
    call: Omit<CallEntry, "holding" | "orderedEpoch" | "gaveAway" | "unbegun" | "transfer">,
    holding: Holding,
  ): CallEntry;
  /** The only way in which a holding changes. */
  set(entry: CallEntry, holding: Holding): void;
  /** Nobody runs it any more. */
  free(entry: CallEntry, nowMs: number): void;
  /** `by` says that it runs it. */
  own(entry: CallEntry, by: string, call: LeasedCall): void;
  /** It is to say so in its next leases. `fresh`: a new call, of which there is no log yet. */
  promise(entry: CallEntry, by: string, nowMs: number, fresh: boolean): void;
  forget(entry: CallEntry): void;
  /** There are more ended calls than are remembered. */
  hasManyOver(): boolean;
  /** A worker that is here has facts of it that are not stored. */
  isUnshipped(callId: string): boolean;
  hasUnnamed(): boolean;
  /** Who wanted to give the call away, if somebody did. */
  tellGiver(entry: CallEntry, accepted: boolean, reason: string): void;
  effect(effect: Effect): void;
  takeEffects(): Effect[];
  /** No take-over until a full lease has passed. */
  hold(nowMs: number): void;
  isHeld(nowMs: number): boolean;
}

export function openLedger(timings: LeaseTimings, startMs: number): Ledger {
  const workers = new Map<string, LeasedWorker>();
  const calls = new Map<string, CallEntry>();
  const fullLeaseMs = leaseMs(timings);
  let effects: Effect[] = [];
  let heldUntilMs = startMs + fullLeaseMs;
  let overCount = 0;

  function set(entry: CallEntry, holding: Holding): void {
    if (entry.holding.kind === "over") overCount -= 1;
    if (holding.kind === "over") {
      overCount += 1;
      // Behind the others, so that the oldest one is met first.
      calls.delete(entry.callId);
      calls.set(entry.callId, entry);
    }
    entry.holding = holding;
  }

  function tellGiver({ callId, holding }: CallEntry, accepted: boolean, reason: string): void {
    if ((holding.kind !== "free" && holding.kind !== "ordered") || holding.giver === null) return;
    effects.push({ type: "handed-over", callId, from: holding.giver, accepted, reason });
  }

  return {
    timings,
    workers,
    calls,
    set,
    tellGiver,
    add(call, holding) {
      const entry: CallEntry = { ...call, orderedEpoch: 0, gaveAway: null, unbegun: null, transfer: null, holding };
      if (holding.kind === "over") overCount += 1;
      calls.set(call.callId, entry);
      return entry;
    },
    free(entry, nowMs) {
      if (entry.room === null) {
        set(entry, { kind: "over", sinceMs: nowMs });
        effects.push({ type: "given-up", callId: entry.callId, reason: "no-room" });
      } else set(entry, { kind: "free", sinceMs: nowMs, retryAtMs: nowMs, tried: new Set(), giver: null });
    },
    own(entry, by, call) {
      const { holding } = entry;
      if (holding.kind === "ordered") {
        tellGiver(entry, true, "");
        entry.gaveAway = holding.giver;
      }
      const { epoch, room, agentName, identity, crashes } = call;
      Object.assign(entry, { epoch, room, agentName, identity, crashes, unbegun: null });
      set(entry, { kind: "owned", by });
    },
    promise: (entry, by, nowMs, fresh) =>
      set(entry, { kind: "promised", by, untilMs: nowMs + timings.settleMs, fresh }),
    forget(entry) {
      if (entry.holding.kind === "over") overCount -= 1;
      calls.delete(entry.callId);
    },
    hasManyOver: () => overCount > MAX_OVER,
    isUnshipped(callId) {
      for (const worker of workers.values()) if (worker.lostAtMs === null && worker.unshipped.has(callId)) return true;
      return false;
    },
    hasUnnamed: () => [...workers.values()].some((worker) => worker.unshipped.size >= MAX_UNSHIPPED),
    effect: (effect) => void effects.push(effect),
    takeEffects() {
      const due = effects;
      effects = [];
      return due;
    },
    hold(nowMs) {
      heldUntilMs = Math.max(heldUntilMs, nowMs + fullLeaseMs);
    },
    isHeld: (nowMs) => nowMs < heldUntilMs,
  };
}
