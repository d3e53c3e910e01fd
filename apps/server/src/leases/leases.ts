import { type Clock, isSessionRoom, sessionRoom, systemClock } from "@parley/engine";
import type { Store } from "@parley/store";
import type {
  CallCommand,
  CallKeeper,
  FactSink,
  HandOverAnswer,
  OrderResult,
  TakeOver,
  UplinkPeer,
} from "@parley/uplink";
import { type LiveKitAccess, seatToken, whoWaitsIn } from "../livekit.ts";
import type { ServerLog } from "../log.ts";
import { unservedLog } from "../waiting/end-unserved.ts";
import { watchRooms } from "../waiting/watch.ts";
import { leaseBook } from "./book/book.ts";
import type { Effect, Seat, WaitingCall } from "./book/lease-book.ts";
import { findOrphans } from "./orphans.ts";
import { type LeaseTimings, leaseMs, usualTimings } from "./timings.ts";

const STEP_MS = 100;
/** For facts that a lost worker had sent to be stored, before another worker reads them. */
const STORING_MS = 2_000;
/** For the owner of a call to answer a command. */
const COMMAND_MS = 5_000;
/** ... and for a turn to be heard and answered. */
export const TURN_MS = 30_000;
/** ... and for another agent to be made ready. */
const MAKE_AGENT_MS = 15_000;
/** ... and, where that one is elsewhere, for a quiet moment before it. */
const QUIET_MS = 15_000;
/** For a worker to begin a call that is in no room. */
export const BEGIN_MS = 5_000;
/** How long the answer to a command is waited for. */
export const commandMs = (name: CallCommand): number =>
  COMMAND_MS + (name === "hear" ? TURN_MS : name === "change-agent" ? MAKE_AGENT_MS + QUIET_MS : 0);
export const MAX_ARGS_BYTES = 64 * 1024;
/** Hand-overs that wait for their answer. */
const MAX_HAND_OVERS = 10_000;
const SEARCH_AGAIN_MS = 5_000;
/** Of one call's agent, that are looked at. */
const MOST_CHANGES = 500;
/** Close code of RFC 6455, 7.4.1. */
const POLICY = 1008;

export interface LeasesOptions {
  store: Pick<Store, "calls" | "facts">;
  livekit: LiveKitAccess;
  log: ServerLog;
  clock?: Clock;
  timings?: Partial<LeaseTimings>;
}

/** What a call that is in no room needs to begin; metadata as JSON, as a dispatch has it. */
export type NewSession = Pick<WaitingCall, "callId" | "agentName" | "metadata">;

/** Who runs which call; what becomes of the calls of a worker that is lost. */
export interface Leases {
  /** What the uplink asks and tells. */
  readonly keeper: CallKeeper;
  /** The store's facts, watched: while they cannot be stored no call is taken over. */
  readonly facts: FactSink;
  readonly heartbeatMs: number;
  /** A command to the call's owner. Never rejects; `reason`: no-owner, owner-away, args-too-large, line-lost, no-answer, or the worker's own. */
  command(callId: string, name: CallCommand, args: Record<string, unknown>): Promise<OrderResult>;
  /** A call without a room is to begin at whichever worker has room for it. Its owner is known a moment later, if at all. */
  begin(call: NewSession): Promise<void>;
  /** No orders from now on. Idempotent. */
  close(): void;
}

export function keepLeases(options: LeasesOptions): Leases {
  const { store, livekit, log, clock = systemClock } = options;
  const timings = { ...usualTimings, ...options.timings };
  const book = leaseBook(timings, clock.now());
  const peers = new Map<string, UplinkPeer>();
  /** Lines that are gone and whose last facts are being stored. */
  const storing = new Set<Promise<void>>();
  const handOvers = new Map<string, ((answer: HandOverAnswer) => void)[]>();
  let searchDueMs = 0;
  let isSearching = false;
  let isClosed = false;
  let stop = (): void => {};
  const findCall = (callId: string) => noted(store.calls.get(callId));
  const watch = watchRooms({ rooms: livekit.rooms, findCall, book, timings, clock, log });

  function step(): void {
    if (isClosed) return;
    for (const effect of book.step(clock.now())) act(effect);
    void search();
  }

  function tick(): void {
    stop = clock.after(STEP_MS, () => {
      step();
      tick();
    });
  }

  function act(effect: Effect): void {
    switch (effect.type) {
      case "order":
        void order(effect);
        return;
      case "handed-over": {
        const { callId, from, accepted, reason } = effect;
        const key = handOverKey(from, callId);
        for (const answer of handOvers.get(key) ?? []) answer({ accepted, reason });
        handOvers.delete(key);
        if (!accepted) log.info({ callId, reason }, "a call was not handed over");
        return;
      }
      case "worker-lost":
        log.error({ worker: effect.worker, calls: effect.calls }, "a worker is lost; its calls go to others");
        return;
      case "doubled":
        log.warn({ callId: effect.callId, worker: effect.worker, owner: effect.owner }, "two workers run one call");
        return;
      case "nobody-there":
        log.warn({ callId: effect.callId, agent: effect.agentName }, "no worker takes a lost call yet; tried again");
        return;
      case "given-up":
        log.error({ callId: effect.callId, reason: effect.reason }, "a lost call is given up");
        return;
      case "unserved":
        void unserved(effect.call, effect.reason);
        return;
      default:
        effect satisfies never;
    }
  }

  async function order({ callId, to, ...args }: Extract<Effect, { type: "order" }>): Promise<void> {
    const takeOver = await prepare(callId, to, args);
    const peer = peers.get(to);
    if (takeOver === null || isClosed) return;
    const isNew = takeOver.metadata !== null;
    const orderMs = timings.orderMs + (takeOver.next === null ? 0 : MAKE_AGENT_MS);
    log.info({ callId, worker: peer?.worker, epoch: takeOver.epoch, isNew }, "a worker is asked to take a call");
    const result: OrderResult = peer
      ? await peer.command({ callId, name: "take-over", args: { ...takeOver } }, orderMs)
      : { ok: false, reason: "line-lost" };
    const said = {
      callId,
      worker: peer?.worker,
      epoch: takeOver.epoch,
      ...(result.ok ? {} : { reason: result.reason }),
    };
    log[result.ok ? "info" : "warn"](said, result.ok ? "a call was taken" : "a worker did not take a call");
    book.answered(clock.now(), callId, { to, epoch: takeOver.epoch }, result);
    step();
  }

  /** Nobody came: that is written down, and who still waits alone in the room need not do so any longer. */
  async function unserved(call: WaitingCall, reason: string): Promise<void> {
    const { callId, room, agentName } = call;
    log.error({ callId, room, agent: agentName, reason }, "a call ended before any worker took it");
    const waitedMs = Math.round(Math.max(0, clock.now() - call.untilMs + timings.waitMs));
    const facts = unservedLog(call, reason, waitedMs, clock.wall());
    try {
      await noted(store.facts.appendBatch({ callId, epoch: 1, facts }));
      if (isSessionRoom(room)) return;
      const { people } = await whoWaitsIn(livekit.rooms, room);
      if (people <= 1) await livekit.rooms.deleteRoom(room);
    } catch (error) {
      log.warn({ callId, room, err: error }, "a call that nobody took could not be ended properly");
    }
  }

  /** What goes with the order; null when it is not to be given. */
  async function prepare(callId: string, to: string, seat: Seat): Promise<TakeOver | null> {
    await within(Promise.all(storing), STORING_MS);
    try {
      const row = await findCall(callId);
      if (seat.metadata !== null && row === null && !isSessionRoom(seat.room)) {
        const { people, hasAgent } = await whoWaitsIn(livekit.rooms, seat.room);
        if (people === 0 || hasAgent) {
          book.withdraw(callId);
          return null;
        }
      }
      if (row?.status === "ended") {
        book.ended(clock.now(), callId);
        return null;
      }
      const epoch = book.epochFor(callId, to, row?.lastEpoch ?? 0);
      const token = await seatToken(livekit, seat);
      return epoch === null ? null : { ...seat, token, epoch };
    } catch (error) {
      log.warn({ callId, err: error }, "a call cannot be ordered to a worker now; tried again");
      book.postpone(clock.now(), callId);
      return null;
    }
  }

  /** Workers that could not send are not lost: whoever lives shows it in the lease that begins now. */
  function storeFailed(error: unknown): void {
    if ((error as { retryable?: unknown }).retryable === false) return;
    if (!book.isHeld(clock.now())) log.warn("the store is away: no call is taken over until a lease after it is back");
    book.hold(clock.now());
  }

  async function noted<T>(task: Promise<T>): Promise<T> {
    try {
      return await task;
    } catch (error) {
      storeFailed(error);
      throw error;
    }
  }

  function within(task: Promise<unknown>, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(ms, resolve);
    void task.finally(() => {
      cancel();
      resolve();
    });
    return promise;
  }

  async function agentsSince(callId: string): Promise<string[]> {
    const { facts } = await noted(store.facts.read(callId, { types: ["agent-changed"], limit: MOST_CHANGES }));
    return facts.flatMap(({ agent }) => (typeof agent === "string" ? [agent] : []));
  }

  async function search(): Promise<void> {
    const now = clock.now();
    // After each hold at once: calls whose workers died while nobody listened.
    if (book.isHeld(now)) searchDueMs = 0;
    if (isSearching || book.isHeld(now) || now < searchDueMs || book.hasUnnamed()) return;
    isSearching = true;
    searchDueMs = now + timings.searchMs;
    try {
      const found = await findOrphans({
        listLive: (page) => noted(store.calls.listLive(page)),
        rooms: livekit.rooms,
        idleMs: leaseMs(timings),
        isKnown: book.knows,
        agentsSince,
        workerAgents: () => [...peers.values()].flatMap(({ agent }) => (agent === null ? [] : [agent])),
      });
      if (found.length > 0)
        log.warn({ calls: found.length }, "live calls that no worker runs; workers are to end them");
      for (const call of found) book.found(clock.now(), call);
    } catch (error) {
      log.warn({ err: error }, "lost calls could not be looked for; tried again");
      searchDueMs = now + SEARCH_AGAIN_MS;
    } finally {
      isSearching = false;
    }
  }

  const keeper: CallKeeper = {
    up(peer) {
      const { instance, worker, agent } = peer;
      const before = peers.get(instance);
      peers.set(instance, peer);
      before?.close(POLICY, "this worker has a newer line");
      book.up(clock.now(), { id: instance, name: worker, agent });
      step();
    },
    leased(peer, lease) {
      if (peers.get(peer.instance) !== peer) return;
      book.leased(clock.now(), peer.instance, lease);
      step();
    },
    unserved(_peer, call) {
      watch.unserved(call);
    },
    gone(peer, how) {
      storing.add(peer.done);
      void peer.done.then(() => storing.delete(peer.done));
      if (peers.get(peer.instance) !== peer) return;
      peers.delete(peer.instance);
      book.gone(clock.now(), peer.instance, how);
      step();
    },
    async claim(peer, { callId, epoch }) {
      const row = await findCall(callId);
      const stored = { storedEpoch: row?.lastEpoch ?? 0, storedLive: row?.status === "live" };
      const claim = book.claim(clock.now(), peer.instance, { callId, epoch, ...stored });
      if (!claim.granted) log.info({ callId, worker: peer.worker, epoch, owner: claim.owner }, "a claim was refused");
      return claim;
    },
    async reads(peer, callId) {
      const epoch = book.fence(peer.instance, callId);
      // What the old owner still sends would be confirmed, and then be cut off by what the new one writes.
      if (epoch !== null) await noted(store.facts.fence(callId, epoch));
    },
    handOver(peer, { callId, epoch, to }) {
      const key = handOverKey(peer.instance, callId);
      if (handOvers.size >= MAX_HAND_OVERS) return Promise.resolve({ accepted: false, reason: "too many hand-overs" });
      const { promise, resolve } = Promise.withResolvers<HandOverAnswer>();
      handOvers.set(key, [...(handOvers.get(key) ?? []), resolve].slice(-4));
      book.handOver(clock.now(), peer.instance, { callId, epoch, to });
      step();
      return promise;
    },
  };

  tick();
  return {
    keeper,
    heartbeatMs: timings.heartbeatMs,
    facts: {
      appendBatch: (batch) => noted(store.facts.appendBatch(batch)),
      read: (callId, page) => noted(store.facts.read(callId, page)),
    },
    async command(callId, name, args) {
      if (Buffer.byteLength(JSON.stringify(args)) > MAX_ARGS_BYTES) return { ok: false, reason: "args-too-large" };
      const owner = book.ownerOf(callId);
      if (owner === null) return { ok: false, reason: "no-owner" };
      const peer = peers.get(owner);
      return peer ? peer.command({ callId, name, args }, commandMs(name)) : { ok: false, reason: "owner-away" };
    },
    async begin({ callId, agentName, metadata }) {
      const room = sessionRoom(callId);
      book.wait(clock.now(), { callId, room, agentName, metadata, untilMs: clock.now() + BEGIN_MS, isMinted: true });
      step();
    },
    close() {
      isClosed = true;
      stop();
      watch.close();
      for (const answers of handOvers.values())
        for (const answer of answers) answer({ accepted: false, reason: "the server stops" });
      handOvers.clear();
    },
  };
}

const handOverKey = (from: string, callId: string) => `${from} ${callId}`;
