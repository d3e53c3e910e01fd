import { endedInFailure } from "@parley/conversation";
import type { ConnectionRow, Store } from "@parley/store";
import { type LiveKitAccess, whoWaitsIn } from "../livekit.ts";

/** A person who left may come back within it; the agent waits as long. */
export const GRACE_MS = 30_000;

export interface Settling {
  store: Pick<Store, "connections" | "calls">;
  livekit: Pick<LiveKitAccess, "rooms">;
  now(): number;
  graceMs: number;
}

/**
 * Brings a connection to what is the case: what LiveKit says of its room, and the store of its call. Webhooks only say
 * that it is time to look, so that one that comes twice, late, or never does no harm. Throws ParleyError, StoreError.
 */
export async function settle(connection: ConnectionRow, settling: Settling): Promise<void> {
  const { store, livekit, now, graceMs } = settling;
  const { connectionId, callId, roomName } = connection;
  const call = await store.calls.get(callId);
  if (call?.status === "ended") {
    const reason = call.endReason ?? "ended";
    const status = endedInFailure(reason) ? "failed" : "ended";
    // It may be told of its end before of its beginning.
    if (call.startedAt && connection.startedAt === null) await store.connections.entered(connectionId, call.startedAt);
    await store.connections.end(connectionId, { status, at: call.endedAt ?? new Date(now()), reason });
    return;
  }
  const { people } = await whoWaitsIn(livekit.rooms, roomName);
  if (people > 0) {
    await store.connections.entered(connectionId, new Date(now()));
    return;
  }
  if (connection.status !== "active") return;
  await store.connections.emptied(connectionId, new Date(now()));
  const emptyMs = now() - (connection.emptySince?.getTime() ?? now());
  // A call that runs ends by itself, and its log says why.
  if (emptyMs < graceMs || call?.status === "live") return;
  await store.connections.end(connectionId, { status: "ended", at: new Date(now()), reason: "caller-left" });
  if (connection.kind === "room") await livekit.rooms.deleteRoom(roomName);
}
