import type { Clock } from "@parley/engine";
import type { HandOverTo } from "@parley/uplink";
import type { Backend, OrderResult } from "./backend.ts";
import type { Log } from "./log.ts";
import type { Recovery } from "./recovery.ts";
import type { ShardPool } from "./shard-pool.ts";
import type { Slot, Slots } from "./slots.ts";

/** For a moment in which nobody speaks; then it is done in any. */
const QUIET_MS = 8_000;
const RELEASE_MS = QUIET_MS + 2_000;
const SHIP_MS = 5_000;
const ORDER_MS = 10_000;
/** ... and for another agent to be made ready. */
const TRANSFER_MS = 20_000;
/** For the new owner to join, which puts ours out of the room. */
const LEAVE_MS = 8_000;

/** Gives calls to other workers before this one goes. */
export interface HandOver {
  /** All running calls, side by side. */
  all(): Promise<void>;
  /** This call, to a worker of that agent, which goes on with it. Never rejects; a refusal: it stays here, with its own. */
  to(slot: Slot, target: HandOverTo): Promise<OrderResult>;
  /** It is being given to somebody, or was to be a moment ago. */
  isUnderWay(slot: Slot): boolean;
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
  why?: string;
  to: HandOverTo | undefined;
}

/** A code, as whoever refused gave it, or words. */
function refusalOf(reason: string): OrderResult {
  return /^[a-z]+(-[a-z]+)+$/.test(reason)
    ? { ok: false, reason }
    : { ok: false, reason: "not-handed-over", detail: `The call stays with its agent: ${reason}.` };
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

  async function give(server: Backend, slot: Slot, to?: HandOverTo): Promise<OrderResult> {
    const { callId, jobId, shardId, call } = slot;
    if (shardId === null || !call) return { ok: false, reason: "owner-away" };
    if (going.has(jobId)) return { ok: false, reason: "transfer-under-way" };
    const entry: Going = { released: Promise.withResolvers(), left: Promise.withResolvers(), stays: false, to };
    going.set(jobId, entry);
    try {
      pool.send(shardId, { type: "release-call", jobId, withinMs: QUIET_MS });
      if (!(await within(entry.released.promise, RELEASE_MS, false))) return { ok: false, reason: "call-over" };
      const shipped = await server.shipped(callId, call.epoch, SHIP_MS);
      const answer = shipped
        ? await server.handOver({ callId, epoch: call.epoch, to }, to ? TRANSFER_MS : ORDER_MS)
        : { accepted: false, reason: "its log did not reach the server" };
      log[answer.accepted ? "info" : "warn"]({ callId, ...answer, agent: to?.agentId }, "call handed over");
      entry.stays = !answer.accepted;
      entry.why = answer.reason;
      if (entry.stays) pool.send(shardId, { type: "abandon-call", jobId });
      await within(entry.left.promise, LEAVE_MS, undefined);
      if (answer.accepted) pool.send(shardId, { type: "abandon-call", jobId });
      await within(entry.left.promise, LEAVE_MS, undefined);
      return answer.accepted ? { ok: true, reason: "" } : refusalOf(answer.reason);
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
    async to(slot, target) {
      const server = backend();
      if (!server) return { ok: false, reason: "agent-not-here" };
      try {
        return await give(server, slot, target);
      } catch (error) {
        log.error({ callId: slot.callId, err: error }, "a call could not be handed to another agent");
        return { ok: false, reason: "not-handed-over" };
      }
    },
    isUnderWay: ({ jobId }) => going.has(jobId),
    released: (jobId) => going.get(jobId)?.released.resolve(true),
    ended(slot) {
      const entry = going.get(slot.jobId);
      if (!entry) return null;
      entry.released.resolve(false);
      entry.left.resolve();
      if (!entry.stays || !slot.call) return "given";
      const { to, why = "" } = entry;
      if (to) slot.notTransferred = { code: "not-handed-over", message: `${to.agentId} did not take the call: ${why}` };
      recovery.goOn(slot, slot.call);
      return "stays";
    },
  };
}
