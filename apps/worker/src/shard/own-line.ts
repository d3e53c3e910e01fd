import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { lineSeal } from "@parley/engine";
import type { CommandResult, LeasedCall, Uplink } from "@parley/uplink";
import { carryOutOrder, NOT_HERE } from "../call-orders.ts";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { CallAssignment } from "../messages.ts";
import type { Calls } from "./calls.ts";

/** For the rest of the logs to reach the server once the last call is over. */
const FLUSH_MS = 5_000;
const CLAIM_MS = 2_500;

/** A shard's own line to the server, for when its supervisor is gone. */
export interface OwnLine {
  /** Whether the server still holds the call to be ours; no answer counts as yes. */
  isOurs(jobId: string): Promise<boolean>;
  /** Waits a little for what is still on its way; what does not arrive is sent by the next worker. */
  close(): Promise<void>;
}

export interface OwnLineOptions {
  config: WorkerConfig;
  agentName: string;
  calls: Pick<Calls, "assignments" | "end" | "abandon" | "order">;
  log: Log;
}

/**
 * The server misses a worker 700 ms after its line broke, and gives its calls to others. A shard that leases its calls
 * by then keeps them: nobody on the line notices that the supervisor died. Their logs go on being shipped, commands
 * arrive, new calls are not taken. Null: there is no server.
 */
export async function openOwnLine({ config, agentName, calls, log }: OwnLineOptions): Promise<OwnLine | null> {
  const [first] = calls.assignments();
  if (!config.backend || !first) return null;
  // Only now: what it takes is wanted once in the life of few processes.
  const { openUplink } = await import("@parley/uplink");
  // They are shipped to their ends, also when they are no longer run; the files of others are others' to ship.
  const ours = new Set(calls.assignments().map(({ callId }) => callId));
  const find = (callId: string): CallAssignment | undefined =>
    calls.assignments().find((call) => call.callId === callId);
  const leased = (): LeasedCall[] =>
    calls.assignments().map(({ callId, epoch, context, identity }) => {
      return { callId, epoch, room: context.room, agentName, identity, crashes: 0 };
    });
  const uplink: Uplink = await openUplink({
    ...config.backend,
    dir: dirname(first.logPath),
    ships: (callId) => ours.has(callId),
    capMiB: config.callsMaxMb,
    openLine: lineSeal(config.filesKeys).open,
    instance: randomUUID(),
    // No agent: no call of another worker is ordered here.
    agent: null,
    draining: () => true,
    connectMs: config.connectionTimeoutMs,
    confirmMs: config.requestTimeoutMs,
    log,
    runningCalls: leased,
    onStale({ callId }) {
      const call = find(callId);
      if (call) calls.abandon(call.jobId);
    },
    onCommand: async ({ callId, name, args }) => carryOut(find(callId), name, args),
  });

  async function carryOut(
    call: CallAssignment | undefined,
    name: string,
    args: Record<string, unknown>,
  ): Promise<CommandResult> {
    if (!call) return { ok: false, reason: NOT_HERE };
    const { jobId } = call;
    return carryOutOrder(name, args, {
      end(reason) {
        calls.end(jobId, reason);
        return { ok: true, reason: "" };
      },
      tell: (order) => calls.order(jobId, order),
    });
  }

  return {
    async isOurs(jobId) {
      const call = calls.assignments().find((one) => one.jobId === jobId);
      if (!call) return false;
      const { callId, epoch, context } = call;
      return (await uplink.claim({ callId, room: context.room, epoch }, CLAIM_MS))?.granted !== false;
    },
    async close() {
      await uplink.drained(FLUSH_MS);
      await uplink.close();
    },
  };
}
