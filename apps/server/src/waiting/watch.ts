import type { Clock } from "@parley/engine";
import { parseRoomMetadata } from "@parley/livekit";
import type { CallRow } from "@parley/store";
import type { UnservedCall } from "@parley/uplink";
import { workerOf } from "../agents/stored.ts";
import type { LeaseBook } from "../leases/book/lease-book.ts";
import type { LeaseTimings } from "../leases/timings.ts";
import { type Rooms, whoWaitsIn } from "../livekit.ts";
import type { ServerLog } from "../log.ts";

/** LiveKit may be asking the next worker at this moment, and the one that said yes be claiming the call. */
const SETTLE_MS = 1_000;
/** Rooms without an agent that are looked into in one go, oldest first. */
const MAX_LOOKED = 200;
/** Calls that workers told of and whose rooms are not there (any more). */
const MAX_NOTED = 10_000;
/** Calls that somebody has begun, whoever it was: should their agent leave, they are not begun anew. */
const MAX_BEGUN = 10_000;
/** A callId becomes a file name at a worker. */
const CALL_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

export interface WatchOptions {
  rooms: Rooms;
  /** The call, if anybody ever began it. */
  findCall(callId: string): Promise<CallRow | null>;
  book: Pick<LeaseBook, "knows" | "wait" | "isWaiting" | "withdraw">;
  timings: Pick<LeaseTimings, "waitMs" | "lookMs">;
  clock: Clock;
  log: ServerLog;
}

/** Finds people who sit in a room that no agent has come to, and keeps them in the book while they wait for one. */
export interface Watch {
  /** A worker had no room for a call that LiveKit offered it. */
  unserved(call: UnservedCall): void;
  /** Idempotent. */
  close(): void;
}

interface Note {
  call: UnservedCall;
  /** When somebody was first known to wait; null: nobody is there. */
  sinceMs: number | null;
}

export function watchRooms({ rooms, findCall, book, timings, clock, log }: WatchOptions): Watch {
  /** By room and agent: of one agent that a room asked for there is one call. */
  const notes = new Map<string, Note>();
  const begun = new Set<string>();
  let isLooking = false;
  let isClosed = false;
  let isAway = false;
  let stop = (): void => {};

  function note(call: UnservedCall, sinceMs: number | null): void {
    const key = JSON.stringify([call.room, call.agentName]);
    const known = notes.get(key);
    // What a worker was offered tells more than what the room's metadata say.
    const isBetter = known !== undefined && sinceMs !== null && !book.isWaiting(known.call.callId);
    if (known === undefined ? notes.size < MAX_NOTED : isBetter)
      notes.set(key, { call, sinceMs: known?.sinceMs ?? sinceMs });
  }

  function began(key: string, { callId }: UnservedCall): void {
    book.withdraw(callId);
    notes.delete(key);
    begun.add(callId);
    for (const oldest of begun) {
      if (begun.size <= MAX_BEGUN) break;
      begun.delete(oldest);
    }
  }

  async function lookInto(key: string, one: Note): Promise<void> {
    const { call } = one;
    const { callId, room, agentName, metadata } = call;
    const { people, hasAgent } = await whoWaitsIn(rooms, room);
    if (hasAgent) return began(key, call);
    if (people === 0) {
      if (book.isWaiting(callId)) log.info({ callId, room }, "a caller left before any worker had room");
      book.withdraw(callId);
      one.sinceMs = null;
      return;
    }
    const now = clock.now();
    one.sinceMs ??= now;
    if (book.isWaiting(callId) || now - one.sinceMs < SETTLE_MS) return;
    if ((await findCall(callId)) !== null) return began(key, call);
    if (book.knows(callId)) return;
    const { reason } = call;
    log.warn({ callId, room, agent: agentName, reason }, "a caller waits: no worker has taken the call yet");
    book.wait(clock.now(), { callId, room, agentName, metadata, untilMs: one.sinceMs + timings.waitMs });
  }

  async function look(): Promise<void> {
    const listed = await rooms.listRooms();
    const names = new Set(listed.map(({ name }) => name));
    for (const { name: room, metadata } of listed) {
      const { callId, agentId } = parseRoomMetadata(metadata);
      if (callId === null || agentId === null || !CALL_ID.test(callId) || begun.has(callId)) continue;
      const agentName = workerOf(agentId);
      if (!book.knows(callId)) note({ callId, room, agentName, metadata, reason: "LiveKit found no worker" }, null);
    }
    let looked = 0;
    for (const [key, one] of [...notes]) {
      const { callId, room } = one.call;
      const isSettled = begun.has(callId) || (book.knows(callId) && !book.isWaiting(callId));
      if (isSettled || !names.has(room)) {
        book.withdraw(callId);
        notes.delete(key);
      } else if (looked < MAX_LOOKED && !isClosed) {
        looked += 1;
        await lookInto(key, one);
      }
    }
  }

  async function turn(): Promise<void> {
    if (isLooking || isClosed) return;
    isLooking = true;
    try {
      await look();
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ err: error }, "callers without an agent could not be looked for; tried again");
      isAway = true;
    } finally {
      isLooking = false;
    }
  }

  function tick(): void {
    stop = clock.after(timings.lookMs, () => {
      void turn();
      tick();
    });
  }

  tick();
  return {
    unserved(call) {
      if (isClosed || !CALL_ID.test(call.callId) || begun.has(call.callId) || book.knows(call.callId)) return;
      note(call, clock.now());
      clock.after(SETTLE_MS, () => void turn());
    },
    close() {
      isClosed = true;
      stop();
    },
  };
}
