import type { Log } from "./log.ts";
import type { Ownership } from "./ownership.ts";
import type { Recovery } from "./recovery.ts";
import type { Slot } from "./slots.ts";

/** A call that is put out of its room this often has two owners that do not know of each other. */
const MOST_EVICTIONS = 3;

/** Calls that lost their process or their place in the room: they go on, unless another worker has them by now. */
export interface Comeback {
  /** Its shard is gone. */
  processLost(slot: Slot, how: string, isSuspect: boolean): void;
  /** The shard has said that it stood still for too long, and ends itself: none of its calls broke it. */
  stoodStill(shardId: number): void;
  /**
   * Somebody joined the room in its agent's name: the new owner, or one that had lost the call and woke up.
   * LiveKit hands a connection to whoever resumes under its identity.
   */
  evicted(slot: Slot): void;
  /** Nothing more is to be done for this shard. */
  shardForgotten(shardId: number): void;
}

export function createComeback(options: {
  ownership: Ownership;
  recovery: Recovery;
  log: Log;
  hasServer(): boolean;
  /** The slot was not freed. */
  isHere(slot: Slot): boolean;
  /** Another worker has it: its slot is to be freed. */
  drop(slot: Slot): void;
}): Comeback {
  const { ownership, recovery, log, hasServer, isHere, drop } = options;
  const stoodStill = new Set<number>();
  const evictions = new WeakMap<Slot, number>();

  async function ifOurs(slot: Slot, goOn: () => void): Promise<void> {
    slot.state = "waiting";
    slot.shardId = null;
    const ours = await ownership.isOurs(slot);
    // It was let go of meanwhile, or found another place.
    if (!isHere(slot) || slot.state !== "waiting" || slot.shardId !== null) return;
    if (ours) goOn();
    else {
      log.warn({ callId: slot.callId }, "another worker has this call now");
      drop(slot);
    }
  }

  return {
    processLost(slot, how, isSuspect) {
      const { shardId, callId, call } = slot;
      if (!call) return;
      const innocent = shardId !== null && stoodStill.has(shardId);
      if (!innocent && !ownership.isDoubtful()) return recovery.rescue(slot, how, isSuspect);
      log.warn({ callId, how }, "a call's process is gone after a standstill; the server is asked whose the call is");
      void ifOurs(slot, () => (innocent ? recovery.goOn(slot, call) : recovery.rescue(slot, how, isSuspect)));
    },
    stoodStill: (shardId) => void stoodStill.add(shardId),
    evicted(slot) {
      const { callId, call } = slot;
      const times = (evictions.get(slot) ?? 0) + 1;
      evictions.set(slot, times);
      // Without a server, whoever came last has the call.
      if (!call || !hasServer()) return drop(slot);
      if (times > MOST_EVICTIONS) return recovery.giveUp(slot, "it was put out of its room again and again");
      log.warn({ callId, times }, "somebody else joined the room in this call's name; the server is asked whose it is");
      void ifOurs(slot, () => recovery.goOn(slot, call));
    },
    shardForgotten: (shardId) => void stoodStill.delete(shardId),
  };
}
