import type { LeasedCall } from "@parley/uplink";
import { type CallEntry, type Holding, type LeasedWorker, listerOf, nextWorker } from "./entry.ts";
import type { Effect, LeaseBook } from "./lease-book.ts";
import { type LeaseTimings, leaseMs } from "./timings.ts";

/** Ended calls whose epoch is remembered: their last facts may not be stored yet. */
const MAX_OVER = 10_000;
/** Between the epochs of orders: a worker that is cut off counts on by one for each process that it loses. */
const LEAP = 1_000;
/** New calls that one worker may have claimed and not begun. */
const MAX_PROMISED = 1_000;
/** As long as it gets: there may be more that are not named. */
const MAX_UNSHIPPED = 500;

export function leaseBook(timings: LeaseTimings, startMs: number): LeaseBook {
  const workers = new Map<string, LeasedWorker>();
  const calls = new Map<string, CallEntry>();
  const fullLeaseMs = leaseMs(timings);
  let effects: Effect[] = [];
  let heldUntilMs = startMs + fullLeaseMs;
  let steppedAtMs = startMs;
  let overCount = 0;

  function hold(nowMs: number): void {
    heldUntilMs = Math.max(heldUntilMs, nowMs + fullLeaseMs);
  }

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

  function forget(entry: CallEntry): void {
    if (entry.holding.kind === "over") overCount -= 1;
    calls.delete(entry.callId);
  }

  function add(call: Omit<CallEntry, "holding" | "orderedEpoch" | "gaveAway">, holding: Holding): CallEntry {
    const entry: CallEntry = { ...call, orderedEpoch: 0, gaveAway: null, holding };
    if (holding.kind === "over") overCount += 1;
    calls.set(call.callId, entry);
    return entry;
  }

  function free(entry: CallEntry, nowMs: number): void {
    if (entry.room === null) {
      set(entry, { kind: "over", sinceMs: nowMs });
      effects.push({ type: "given-up", callId: entry.callId, reason: "no-room" });
    } else set(entry, { kind: "free", sinceMs: nowMs, retryAtMs: nowMs, tried: new Set(), giver: null });
  }

  function own(entry: CallEntry, by: string, call: LeasedCall): void {
    const { holding } = entry;
    if (holding.kind === "ordered") {
      tellGiver(entry, true, "");
      entry.gaveAway = holding.giver;
    }
    const { epoch, room, agentName, identity, crashes } = call;
    Object.assign(entry, { epoch, room, agentName, identity, crashes });
    set(entry, { kind: "owned", by });
  }

  function tellGiver({ callId, holding }: CallEntry, accepted: boolean, reason: string): void {
    if ((holding.kind !== "free" && holding.kind !== "ordered") || holding.giver === null) return;
    effects.push({ type: "handed-over", callId, from: holding.giver, accepted, reason });
  }

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
      const owner = workers.get(holding.by)?.name ?? holding.by;
      effects.push({ type: "doubled", callId: call.callId, worker: worker.name, owner });
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
    if (count > 0) effects.push({ type: "worker-lost", worker: worker.name, calls: count });
  }

  function expire(nowMs: number): void {
    for (const entry of [...calls.values()]) {
      const { holding } = entry;
      if (holding.kind === "promised" && nowMs >= holding.untilMs) {
        if (holding.fresh) forget(entry);
        else free(entry, nowMs);
      } else if (holding.kind === "over" && (nowMs - holding.sinceMs > timings.giveUpMs || overCount > MAX_OVER)) {
        forget(entry);
      }
    }
  }

  /** How many calls a worker has, with those that are on their way to it. */
  function loads(): (workerId: string) => number {
    const coming = new Map<string, number>();
    for (const { callId, holding } of calls.values()) {
      const to = holding.kind === "ordered" ? holding.to : holding.kind === "promised" ? holding.by : null;
      if (to !== null && !workers.get(to)?.calls.has(callId)) coming.set(to, (coming.get(to) ?? 0) + 1);
    }
    return (workerId) => (workers.get(workerId)?.calls.size ?? 0) + (coming.get(workerId) ?? 0);
  }

  function place(entry: CallEntry, holding: Extract<Holding, { kind: "free" }>, nowMs: number): void {
    const { callId } = entry;
    const { giver, sinceMs, tried } = holding;
    if (giver === null) {
      const lister = listerOf(entry, workers.values());
      if (lister !== undefined) {
        own(entry, lister[0].id, lister[1]);
        return;
      }
      if (nowMs - sinceMs > timings.giveUpMs) {
        set(entry, { kind: "over", sinceMs: nowMs });
        effects.push({ type: "given-up", callId, reason: "no-worker" });
        return;
      }
      if (nowMs < heldUntilMs || isUnshipped(callId)) return;
    }
    if (nowMs < holding.retryAtMs) return;
    const worker = nextWorker(entry, workers.values(), { tried, load: loads() });
    if (worker === undefined) {
      noneLeft(entry, holding, nowMs);
      return;
    }
    set(entry, { kind: "ordered", to: worker.id, epoch: 0, sinceMs, tried, giver });
    effects.push({
      type: "order",
      callId,
      to: worker.id,
      room: entry.room ?? "",
      identity: entry.identity,
      agentName: entry.agentName ?? worker.agent ?? "",
      crashes: crashesOf(entry, giver),
    });
  }

  function noneLeft(entry: CallEntry, holding: Extract<Holding, { kind: "free" }>, nowMs: number): void {
    if (holding.giver !== null) {
      takeBack(entry, holding.giver, nowMs, "no other worker takes it");
      return;
    }
    // Said in the first round only.
    if (holding.retryAtMs - holding.sinceMs < timings.retryMs)
      effects.push({ type: "nobody-there", callId: entry.callId, agentName: entry.agentName });
    set(entry, { ...holding, tried: new Set(), retryAtMs: nowMs + timings.retryMs });
  }

  /** The hand-over has failed: whoever wanted to give the call away has it still. */
  function takeBack(entry: CallEntry, giver: string, nowMs: number, reason: string): void {
    tellGiver(entry, false, reason);
    if (workers.has(giver)) set(entry, { kind: "owned", by: giver });
    else free(entry, nowMs);
  }

  /** A hand-over is no crash. */
  const crashesOf = (entry: CallEntry, giver: string | null) => entry.crashes + (giver === null ? 1 : 0);

  function isUnshipped(callId: string): boolean {
    for (const worker of workers.values()) if (worker.lostAtMs === null && worker.unshipped.has(callId)) return true;
    return false;
  }

  function promise(entry: CallEntry, by: string, nowMs: number, fresh: boolean): void {
    set(entry, { kind: "promised", by, untilMs: nowMs + timings.settleMs, fresh });
  }

  function promisedTo(workerId: string): number {
    let count = 0;
    for (const { holding } of calls.values()) if (holding.kind === "promised" && holding.by === workerId) count += 1;
    return count;
  }

  const nameOf = (workerId: string) => workers.get(workerId)?.name ?? null;
  const blank = { room: null, agentName: null, identity: "", crashes: 0 };

  return {
    hold,
    isHeld: (nowMs) => nowMs < heldUntilMs,
    knows: (callId) => calls.has(callId) || isUnshipped(callId),
    hasUnnamed: () => [...workers.values()].some((worker) => worker.unshipped.size >= MAX_UNSHIPPED),
    up(_nowMs, { id, name, agent }) {
      const known = workers.get(id);
      if (known !== undefined) Object.assign(known, { name, agent, lostAtMs: null });
      else {
        const unknown = { draining: false, calls: new Map(), unshipped: new Set<string>() };
        workers.set(id, { id, name, agent, lostAtMs: null, ...unknown });
      }
    },
    leased(nowMs, workerId, lease) {
      const worker = workers.get(workerId);
      if (worker === undefined) return;
      const before = worker.calls;
      worker.calls = new Map(lease.calls.map((call) => [call.callId, call]));
      worker.draining = lease.draining;
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
      worker.lostAtMs = nowMs + (how === "closed-by-us" ? fullLeaseMs : timings.lostMs);
    },
    claim(nowMs, workerId, { callId, epoch, storedEpoch, storedLive }) {
      const entry = calls.get(callId);
      const known = Math.max(entry?.epoch ?? 0, storedEpoch);
      const holding = entry?.holding;
      const holder =
        holding === undefined || holding.kind === "over" || holding.kind === "free"
          ? null
          : holding.kind === "ordered"
            ? holding.to
            : holding.by;
      const refused = { granted: false, epoch: known, owner: holder === null ? null : nameOf(holder) };
      const granted = { granted: true, epoch: known, owner: null };
      const isMine = holder === workerId && holding?.kind !== "ordered";
      if (epoch !== null && epoch < known) return refused;
      if (holder !== null && !isMine) return refused;
      if (epoch === null) {
        if (holding?.kind === "free" || holding?.kind === "owned") return refused;
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
    },
    handOver(nowMs, workerId, { callId, epoch }) {
      const entry = calls.get(callId);
      const answer = (accepted: boolean, reason: string) =>
        void effects.push({ type: "handed-over", callId, from: workerId, accepted, reason });
      if (entry === undefined) return answer(false, "the server does not know this call");
      const { holding } = entry;
      // Asked again on a new line.
      if ((holding.kind === "free" || holding.kind === "ordered") && holding.giver === workerId) return;
      if (entry.gaveAway === workerId && entry.epoch > epoch) return answer(true, "");
      if (holding.kind !== "owned" || holding.by !== workerId || epoch < entry.epoch)
        return answer(false, "another worker has this call");
      if (entry.room === null) return answer(false, "the call is in no room");
      const tried = new Set([workerId]);
      set(entry, { kind: "free", sinceMs: nowMs, retryAtMs: nowMs, tried, giver: workerId });
    },
    found(nowMs, call) {
      if (!calls.has(call.callId)) free(add({ ...call, crashes: 0 }, { kind: "over", sinceMs: nowMs }), nowMs);
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
      if (!ok) {
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
    ended(nowMs, callId) {
      const entry = calls.get(callId);
      if (entry === undefined || entry.holding.kind === "owned") return;
      tellGiver(entry, false, "the call has ended");
      set(entry, { kind: "over", sinceMs: nowMs });
    },
    postpone(nowMs, callId) {
      const entry = calls.get(callId);
      if (entry?.holding.kind !== "ordered") return;
      const { giver, sinceMs, tried } = entry.holding;
      if (giver !== null) takeBack(entry, giver, nowMs, "the server cannot do it now");
      else set(entry, { kind: "free", sinceMs, retryAtMs: nowMs + timings.retryMs, tried, giver });
    },
    ownerOf(callId) {
      const holding = calls.get(callId)?.holding;
      if (holding?.kind === "owned" || holding?.kind === "promised") return holding.by;
      return holding?.kind === "free" || holding?.kind === "ordered" ? holding.giver : null;
    },
    step(nowMs) {
      if (nowMs - steppedAtMs > timings.stallMs) hold(nowMs);
      steppedAtMs = nowMs;
      if (nowMs >= heldUntilMs) {
        for (const worker of [...workers.values()])
          if (worker.lostAtMs !== null && nowMs >= worker.lostAtMs) lose(worker, nowMs);
      }
      expire(nowMs);
      for (const entry of [...calls.values()]) if (entry.holding.kind === "free") place(entry, entry.holding, nowMs);
      const due = effects;
      effects = [];
      return due;
    },
  };
}
