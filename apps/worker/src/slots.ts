/** One taken place for a call. */
export interface Slot {
  readonly jobId: string;
  readonly callId: string;
  readonly shardId: number;
  /** `reserved`: promised to LiveKit, not yet assigned. */
  state: "reserved" | "running";
  readonly sinceMs: number;
  /** Of its log; null until the job is there. */
  epoch: number | null;
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
  /** The jobs that were on a shard; their slots are free afterwards. */
  releaseShard(shardId: number): Slot[];
  find(jobId: string): Slot | undefined;
  all(): Slot[];
  readonly taken: number;
  /** Null: no cap, load decides. */
  cap: number | null;
}

export function createSlots(cap: number | null): Slots {
  const slots = new Map<string, Slot>();

  const release = (jobId: string): Slot | undefined => {
    const slot = slots.get(jobId);
    slots.delete(jobId);
    return slot;
  };

  return {
    cap,
    get taken() {
      return slots.size;
    },
    reserve({ jobId, callId }, shards, nowMs) {
      const held = slots.get(jobId);
      if (held) return { taken: true, slot: held };
      for (const slot of slots.values()) if (slot.callId === callId) return { taken: false, reason: "call-has-owner" };
      if (this.cap !== null && slots.size >= this.cap) return { taken: false, reason: "full" };
      const shard = leastLoaded(shards, slots.values());
      if (!shard) return { taken: false, reason: "no-shard" };
      const slot: Slot = { jobId, callId, shardId: shard.shardId, state: "reserved", sinceMs: nowMs, epoch: null };
      slots.set(jobId, slot);
      return { taken: true, slot };
    },
    run(jobId) {
      const slot = slots.get(jobId);
      if (slot) slot.state = "running";
      return slot;
    },
    release,
    releaseShard(shardId) {
      const gone = [...slots.values()].filter((slot) => slot.shardId === shardId);
      for (const slot of gone) slots.delete(slot.jobId);
      return gone;
    },
    find: (jobId) => slots.get(jobId),
    all: () => [...slots.values()],
  };
}

/** By number of calls, which is known at once; heartbeats, up to a second old, only break ties. */
function leastLoaded(shards: readonly ShardPlace[], slots: Iterable<Slot>): ShardPlace | undefined {
  const calls = new Map<number, number>();
  for (const slot of slots) calls.set(slot.shardId, (calls.get(slot.shardId) ?? 0) + 1);
  let best: { shard: ShardPlace; calls: number } | undefined;
  for (const shard of shards) {
    const count = calls.get(shard.shardId) ?? 0;
    const better = !best || count < best.calls || (count === best.calls && shard.pressure < best.shard.pressure);
    if (better) best = { shard, calls: count };
  }
  return best?.shard;
}
