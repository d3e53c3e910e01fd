import { AgentDispatchClient } from "livekit-server-sdk";
import { now, until } from "../time.ts";

/** How an agent gets into a caller's room: by LiveKit's dispatch, or by a program of the peer's own that takes `{room}`. */
export type Dispatch = { kind: "agent"; agentName: string } | { kind: "http"; url: string };

/** How every target comes that is a worker of the LiveKit server. */
export const BY_WORKER: Dispatch = { kind: "agent", agentName: "bench" };

/** Where a room is. */
export interface RoomAddress {
  url: string;
  apiKey: string;
  apiSecret: string;
  room: string;
}

const SERVED_TIMEOUT_MS = 60_000;
/** A dispatch that nobody took is dropped by LiveKit: after this long it is made again. */
const AGAIN_AFTER_MS = 5000;
const POST_TIMEOUT_MS = 10_000;

/** Asks the peer's own program; throws when it refuses. */
export async function launch(url: string, room: string): Promise<void> {
  const body = JSON.stringify({ room });
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(POST_TIMEOUT_MS);
  const response = await fetch(url, { method: "POST", headers, body, signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  await response.arrayBuffer();
}

/** Calls an agent into a room that exists already, again and again until `served`; throws after a minute. */
export async function callAgent(dispatch: Dispatch, address: RoomAddress, served: () => boolean): Promise<void> {
  const deadline = now() + SERVED_TIMEOUT_MS;
  const { url, apiKey, apiSecret, room } = address;
  const dispatches = new AgentDispatchClient(url.replace(/^ws/, "http"), apiKey, apiSecret);
  while (now() < deadline) {
    if (dispatch.kind === "http") await launch(dispatch.url, room);
    const made = dispatch.kind === "agent" ? await dispatches.createDispatch(room, dispatch.agentName) : undefined;
    if (await until(served, Math.min(deadline, now() + AGAIN_AFTER_MS), 5)) return;
    if (made !== undefined) await dispatches.deleteDispatch(made.id, room).catch(() => {});
  }
  throw new Error("no agent came");
}
