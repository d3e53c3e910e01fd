import { DECLINED, type NextAgentWanted } from "@parley/uplink";
import { type CallEntry, type Holding, listerOf, nextWorker, type Transfer } from "./entry.ts";
import type { LeaseBook, Seat, WaitingCall } from "./lease-book.ts";
import type { Ledger } from "./ledger.ts";

/** Between the epochs of orders: a worker that is cut off counts on by one for each process that it loses. */
const LEAP = 1_000;

type Free = Extract<Holding, { kind: "free" }>;

/** Another worker for every call that nobody runs, or that its owner wants to give away: one after another is ordered. */
export interface Placement extends Pick<LeaseBook, "handOver" | "fence" | "epochFor" | "answered" | "postpone"> {
  /** Orders for all free calls whose time has come. */
  placeAll(nowMs: number): void;
}

function nextOf({ to: { runBy: _runBy, ...next } }: Transfer): NextAgentWanted {
  return next;
}

export function placement(ledger: Ledger): Placement {
  const { workers, calls, timings, set, free, own, promise, tellGiver, effect } = ledger;

  /** How many calls a worker has, with those that are on their way to it. */
  function loads(): (workerId: string) => number {
    const coming = new Map<string, number>();
    for (const { callId, holding } of calls.values()) {
      const to = holding.kind === "ordered" ? holding.to : holding.kind === "promised" ? holding.by : null;
      if (to !== null && !workers.get(to)?.calls.has(callId)) coming.set(to, (coming.get(to) ?? 0) + 1);
    }
    return (workerId) => (workers.get(workerId)?.calls.size ?? 0) + (coming.get(workerId) ?? 0);
  }

  /** One new call after the other: whether there is room for a second one, the worker says when it has the first. */
  function askedToBegin(): string[] {
    return [...calls.values()].flatMap(({ unbegun, holding }) => {
      if (unbegun === null) return [];
      return holding.kind === "ordered" ? [holding.to] : holding.kind === "promised" ? [holding.by] : [];
    });
  }

  function giveUp(entry: CallEntry, nowMs: number, reason: "no-worker" | "declined"): void {
    const { callId, room, agentName, unbegun } = entry;
    set(entry, { kind: "over", sinceMs: nowMs });
    entry.unbegun = null;
    if (unbegun === null) effect({ type: "given-up", callId, reason: "no-worker" });
    else {
      const call: WaitingCall = { callId, room: room ?? "", agentName: agentName ?? "", ...unbegun };
      effect({ type: "unserved", call, reason });
    }
  }

  /** For sure: it was made here, and no worker was ever asked. */
  const isNobodys = ({ unbegun, orderedEpoch }: CallEntry) => unbegun?.isMinted === true && orderedEpoch === 0;

  function place(entry: CallEntry, holding: Free, nowMs: number): void {
    const { callId, unbegun } = entry;
    const { giver, sinceMs, tried } = holding;
    if (giver === null) {
      const lister = listerOf(entry, workers.values());
      if (lister !== undefined) {
        own(entry, lister[0].id, lister[1]);
        return;
      }
      const untilMs = unbegun?.untilMs ?? sinceMs + timings.giveUpMs;
      if (nowMs > untilMs) {
        giveUp(entry, nowMs, "no-worker");
        return;
      }
      if (!isNobodys(entry) && (ledger.isHeld(nowMs) || ledger.isUnshipped(callId))) return;
    }
    if (nowMs < holding.retryAtMs) return;
    const notNow = unbegun === null ? tried : new Set([...tried, ...askedToBegin()]);
    const transfer = giver === null ? null : entry.transfer;
    const wanted = transfer === null ? entry : { ...entry, agentName: transfer.to.runBy };
    const worker = nextWorker(wanted, workers.values(), { tried: notNow, load: loads() });
    if (worker === undefined) {
      // A new call waits for a word of any worker that there is room; nobody needs to be asked.
      if (unbegun === null || tried.size > 0) noneLeft(entry, holding, nowMs);
      return;
    }
    set(entry, { kind: "ordered", to: worker.id, epoch: 0, sinceMs, tried, giver });
    const seat: Seat = {
      room: entry.room ?? "",
      identity: entry.identity,
      agentName: wanted.agentName ?? worker.agent ?? "",
      crashes: crashesOf(entry, giver),
      metadata: unbegun?.metadata ?? null,
      next: transfer && nextOf(transfer),
    };
    effect({ type: "order", callId, to: worker.id, ...seat });
  }

  function noneLeft(entry: CallEntry, holding: Free, nowMs: number): void {
    if (holding.giver !== null) {
      takeBack(entry, holding.giver, nowMs, entry.transfer?.refusal ?? "no other worker takes it");
      return;
    }
    // Said in the first round only.
    if (entry.unbegun === null && holding.retryAtMs - holding.sinceMs < timings.retryMs)
      effect({ type: "nobody-there", callId: entry.callId, agentName: entry.agentName });
    set(entry, { ...holding, tried: new Set(), retryAtMs: nowMs + timings.retryMs });
  }

  /** The hand-over has failed: whoever wanted to give the call away has it still. */
  function takeBack(entry: CallEntry, giver: string, nowMs: number, reason: string): void {
    tellGiver(entry, false, reason);
    if (workers.has(giver)) set(entry, { kind: "owned", by: giver });
    else free(entry, nowMs);
  }

  /** A hand-over is no crash, nor is a beginning. */
  const crashesOf = (entry: CallEntry, giver: string | null) =>
    entry.crashes + (giver === null && entry.unbegun === null ? 1 : 0);

  return {
    placeAll(nowMs) {
      for (const entry of [...calls.values()]) if (entry.holding.kind === "free") place(entry, entry.holding, nowMs);
    },
    handOver(nowMs, workerId, { callId, epoch, to }) {
      const entry = calls.get(callId);
      const answer = (accepted: boolean, reason: string) =>
        effect({ type: "handed-over", callId, from: workerId, accepted, reason });
      if (entry === undefined) return answer(false, "the server does not know this call");
      const { holding } = entry;
      // Asked again on a new line.
      if ((holding.kind === "free" || holding.kind === "ordered") && holding.giver === workerId) return;
      if (entry.gaveAway === workerId && entry.epoch > epoch) return answer(true, "");
      if (holding.kind !== "owned" || holding.by !== workerId || epoch < entry.epoch)
        return answer(false, "another worker has this call");
      if (entry.room === null) return answer(false, "the call is in no room");
      const tried = new Set([workerId]);
      entry.transfer = to ? { to, refusal: null } : null;
      set(entry, { kind: "free", sinceMs: nowMs, retryAtMs: nowMs, tried, giver: workerId });
    },
    fence(workerId, callId) {
      const entry = calls.get(callId);
      // A giver has written its last fact, and goes on from there if nobody takes the call.
      if (entry?.holding.kind !== "ordered" || entry.holding.to !== workerId || entry.holding.giver !== null)
        return null;
      if (entry.holding.epoch === 0) return null;
      entry.epoch = entry.holding.epoch;
      return entry.epoch;
    },
    epochFor(callId, to, storedEpoch) {
      const entry = calls.get(callId);
      if (entry?.holding.kind !== "ordered" || entry.holding.to !== to) return null;
      const newest = Math.max(entry.epoch, entry.orderedEpoch, storedEpoch);
      entry.orderedEpoch = (Math.floor(newest / LEAP) + 1) * LEAP;
      entry.holding.epoch = entry.orderedEpoch;
      return entry.orderedEpoch;
    },
    answered(nowMs, callId, { to, epoch }, { ok, reason }) {
      const entry = calls.get(callId);
      if (entry?.holding.kind !== "ordered" || entry.holding.to !== to || entry.holding.epoch !== epoch) return;
      const { giver, sinceMs, tried } = entry.holding;
      if (!ok && entry.unbegun !== null && reason === DECLINED) return giveUp(entry, nowMs, "declined");
      if (!ok) {
        if (entry.transfer !== null) entry.transfer.refusal = reason;
        // It may have taken it all the same: when it is back, its lease says so.
        const retryAtMs = reason === "line-lost" ? nowMs + timings.lostMs : nowMs;
        set(entry, { kind: "free", sinceMs, retryAtMs, tried: new Set([...tried, to]), giver });
        return;
      }
      tellGiver(entry, true, "");
      entry.crashes = crashesOf(entry, giver);
      entry.epoch = epoch;
      entry.gaveAway = giver;
      if (workers.has(to)) promise(entry, to, nowMs, false);
      else free(entry, nowMs);
    },
    postpone(nowMs, callId) {
      const entry = calls.get(callId);
      if (entry?.holding.kind !== "ordered") return;
      const { giver, sinceMs, tried } = entry.holding;
      if (giver !== null) takeBack(entry, giver, nowMs, "the server cannot do it now");
      else set(entry, { kind: "free", sinceMs, retryAtMs: nowMs + timings.retryMs, tried, giver });
    },
  };
}
