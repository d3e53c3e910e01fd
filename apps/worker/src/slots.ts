import type { CallAssignment } from "./messages.ts";

/** One taken place for a call. */
export interface Slot {
  readonly jobId: string;
  readonly callId: string;
  /** Null while a call that lost its shard waits for another. */
  shardId: number | null;
  /** `reserved`: promised, not yet assigned. `waiting`: its shard died, and it has no other yet. */
  state: "reserved" | "running" | "waiting";
  readonly sinceMs: number;
  /** False: its agent is on its way into the room, or will be when it is its turn. */
  joined: boolean;
  /** What its shard was told to run; null until the job is there. */
  call: CallAssignment | null;
  /** Processes that died, perhaps because of it, while they ran it, on any worker; see suspects.ts. */
  crashes: number;
  /** All that died while they ran it; above 0, the job that LiveKit gave for it is over. */
  deaths: number;
  /** Those of them, here, that another call was suspected of. */
  bystood: number;
  /** The last of them stood still before it was ended, and its voice did not. */
  soundedOn: boolean;
  /** It was let go of for an agent that did not take it, and is to be told so once. */
  notTransferred: { code: string; message: string } | null;
}

export interface ShardPlace {
  shardId: number;
  /** 0 (idle) to 1 (saturated), from its last heartbeat. */
  pressure: number;
}

export type Reservation =
  | { taken: true; slot: Slot }
  | { taken: false; reason: "full" | "call-has-owner" | "no-shard" };

/**
 * Who runs where. A slot is taken at the instant LiveKit's question is answered, so two questions in one load interval
 * can never be promised the same place.
 */
export interface Slots {
  reserve(job: { jobId: string; callId: string }, shards: readonly ShardPlace[], nowMs: number): Reservation;
  /** The reservation became a job; undefined when it was never made or is gone. */
  run(jobId: string): Slot | undefined;
  release(jobId: string): Slot | undefined;
  /** The jobs that are on a shard. */
  onShard(shardId: number): Slot[];
  /** The emptiest of these shards. */
  emptiest(shards: readonly ShardPlace[]): number | undefined;
  find(jobId: string): Slot | undefined;
  ofCall(callId: string): Slot | undefined;
  all(): Slot[];
  readonly taken: number;
  /** Of them, those whose agents are not in their rooms yet. */
  readonly joining: number;
  /** Null: no cap, load decides. */
  cap: number | null;
}

const FRESH = { joined: false, crashes: 0, deaths: 0, bystood: 0, soundedOn: false, notTransferred: null };

export function createSlots(cap: number | null): Slots {
  const slots = new Map<string, Slot>();
  const ofCall = (callId: string): Slot | undefined => [...slots.values()].find((slot) => slot.callId === callId);

  return {
    cap,
    get taken() {
      return slots.size;
    },
    get joining() {
      return [...slots.values()].filter(({ joined }) => !joined).length;
    },
    reserve({ jobId, callId }, shards, nowMs) {
      const held = slots.get(jobId);
      if (held) return { taken: true, slot: held };
      if (ofCall(callId)) return { taken: false, reason: "call-has-owner" };
      if (this.cap !== null && slots.size >= this.cap) return { taken: false, reason: "full" };
      const shardId = this.emptiest(shards);
      if (shardId === undefined) return { taken: false, reason: "no-shard" };
      const slot: Slot = { jobId, callId, shardId, state: "reserved", sinceMs: nowMs, call: null, ...FRESH };
      slots.set(jobId, slot);
      return { taken: true, slot };
    },
    run(jobId) {
      const slot = slots.get(jobId);
      if (slot) slot.state = "running";
      return slot;
    },
    release(jobId) {
      const slot = slots.get(jobId);
      slots.delete(jobId);
      return slot;
    },
    onShard: (shardId) => [...slots.values()].filter((slot) => slot.shardId === shardId),
    emptiest: (shards) => emptiest(shards, slots.values()),
    find: (jobId) => slots.get(jobId),
    ofCall,
    all: () => [...slots.values()],
  };
}

/** By number of calls, which is known at once; heartbeats, up to a second old, only break ties. */
function emptiest(shards: readonly ShardPlace[], slots: Iterable<Slot>): number | undefined {
  const calls = new Map<number, number>();
  for (const { shardId } of slots) if (shardId !== null) calls.set(shardId, (calls.get(shardId) ?? 0) + 1);
  let best: { shard: ShardPlace; calls: number } | undefined;
  for (const shard of shards) {
    const count = calls.get(shard.shardId) ?? 0;
    const better = !best || count < best.calls || (count === best.calls && shard.pressure < best.shard.pressure);
    if (better) best = { shard, calls: count };
  }
  return best?.shard.shardId;
}
