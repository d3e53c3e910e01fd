import type { Clock } from "@parley/engine";
import type { Backend } from "./backend.ts";
import type { Log } from "./log.ts";
import type { Recovery } from "./recovery.ts";
import type { ShardPool } from "./shard-pool.ts";
import type { Slot, Slots } from "./slots.ts";

/** For a moment in which nobody speaks; then it is done in any. */
const QUIET_MS = 8_000;
const RELEASE_MS = QUIET_MS + 2_000;
const SHIP_MS = 5_000;
const ORDER_MS = 10_000;
/** For the new owner to join, which puts ours out of the room. */
const LEAVE_MS = 8_000;

/** Gives calls to other workers before this one goes. */
export interface HandOver {
  /** All running calls, side by side. */
  all(): Promise<void>;
  /** A shard has closed a call's log. */
  released(jobId: string): void;
  /**
   * A call ended in its shard. `stays`: it goes on here, in its slot. `given`: its new owner is why it ended here.
   * Null: it was not being handed over.
   */
  ended(slot: Slot): "stays" | "given" | null;
}

interface Going {
  released: PromiseWithResolvers<boolean>;
  left: PromiseWithResolvers<void>;
  /** Nobody took it. */
  stays: boolean;
}

export function createHandOver(options: {
  slots: Slots;
  pool: Pick<ShardPool, "send">;
  clock: Clock;
  log: Log;
  backend(): Backend | null;
  recovery: Recovery;
}): HandOver {
  const { slots, pool, clock, log, backend, recovery } = options;
  const going = new Map<string, Going>();

  function within<T>(promise: Promise<T>, boundMs: number, otherwise: T): Promise<T> {
    const late = Promise.withResolvers<T>();
    const cancel = clock.after(boundMs, () => late.resolve(otherwise));
    return Promise.race([promise, late.promise]).finally(cancel);
  }

  async function give(server: Backend, slot: Slot): Promise<void> {
    const { callId, jobId, shardId, call } = slot;
    if (shardId === null || !call) return;
    const entry: Going = { released: Promise.withResolvers(), left: Promise.withResolvers(), stays: false };
    going.set(jobId, entry);
    try {
      pool.send(shardId, { type: "release-call", jobId, withinMs: QUIET_MS });
      if (!(await within(entry.released.promise, RELEASE_MS, false))) return;
      const shipped = await server.shipped(callId, call.epoch, SHIP_MS);
      const answer = shipped
        ? await server.handOver({ callId, epoch: call.epoch }, ORDER_MS)
        : { accepted: false, reason: "its log did not reach the server" };
      log[answer.accepted ? "info" : "warn"]({ callId, ...answer }, "call handed over");
      entry.stays = !answer.accepted;
      if (entry.stays) pool.send(shardId, { type: "abandon-call", jobId });
      await within(entry.left.promise, LEAVE_MS, undefined);
      if (answer.accepted) pool.send(shardId, { type: "abandon-call", jobId });
      await within(entry.left.promise, LEAVE_MS, undefined);
    } finally {
      going.delete(jobId);
    }
  }

  return {
    async all() {
      const server = backend();
      if (!server) return;
      const giving = slots.all().map((slot) =>
        give(server, slot).catch((error: unknown) => {
          log.error({ callId: slot.callId, err: error }, "a call could not be handed over");
        }),
      );
      await Promise.all(giving);
    },
    released: (jobId) => going.get(jobId)?.released.resolve(true),
    ended(slot) {
      const entry = going.get(slot.jobId);
      if (!entry) return null;
      entry.released.resolve(false);
      entry.left.resolve();
      if (!entry.stays || !slot.call) return "given";
      recovery.goOn(slot, slot.call);
      return "stays";
    },
  };
}
