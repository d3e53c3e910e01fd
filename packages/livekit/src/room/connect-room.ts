import { ConnectError, type Room } from "@livekit/rtc-node";
import { type Clock, ParleyError, within } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import type { JoinGate } from "./join-gate.ts";
import { disconnectNative } from "./native-disconnect.ts";
import { forgetRoom, newRoom } from "./route-events.ts";

export interface ConnectOptions {
  url: string;
  token: string;
  /** For the connection itself, once it is this join's turn. */
  connectTimeoutMs: number;
  gate: JoinGate;
  signal: AbortSignal;
  clock: Clock;
  log: Log;
  /** Subscribe to everything by itself; else tracks are subscribed one by one. */
  autoSubscribe: boolean;
  /** Register handlers here: nothing that happens at the join is missed. */
  prepare(room: Room): void;
}

/** Incoming data streams larger than this end with an error: the largest sound one is a pre-connect recording. */
const MAX_STREAM_BYTES = 8 * 1024 * 1024;
/** One for each direction: with a single one a join takes half as long again, or twice (docs/decisions/012). Not in rtc-node's type. */
const TWO_CONNECTIONS = { singlePeerConnection: false };
const DISCONNECT_TIMEOUT_MS = 5000;

/** Joins a room. Throws ParleyError: `livekit-unauthorised`, `livekit-unreachable`, `livekit-timeout`, `join-cancelled`. */
export function connectRoom(options: ConnectOptions): Promise<Room> {
  return options.gate.run(options.signal, () => connect(options));
}

async function connect(options: ConnectOptions): Promise<Room> {
  const { url, token, connectTimeoutMs, signal, clock, log, autoSubscribe } = options;
  const room = newRoom(log);
  options.prepare(room);
  const connecting = room.connect(url, token, {
    autoSubscribe,
    dynacast: false,
    ...TWO_CONNECTIONS,
    dataStream: { maxPayloadByteLength: MAX_STREAM_BYTES },
  });
  try {
    await within(connecting, {
      clock,
      timeoutMs: connectTimeoutMs,
      signal,
      timedOut: () =>
        new ParleyError(`LiveKit at ${url} did not let the agent into the room within ${connectTimeoutMs} ms.`, {
          code: "livekit-timeout",
          category: "timeout",
          retryable: true,
        }),
      cancelled: () => new ParleyError("The join was cancelled.", { code: "join-cancelled", category: "cancelled" }),
    });
    return room;
  } catch (error) {
    // rtc-node cannot abandon a connection, and one that failed at its last step is in the room all the same.
    const leave = () => leaveRoom(room, clock, log);
    connecting.then(leave, leave);
    room.removeAllListeners();
    throw joinError(error, url);
  }
}

/** Leaves the room and releases all that it holds in this process. Never throws, bounded in time. */
export async function leaveRoom(room: Room, clock: Clock, log: Log): Promise<void> {
  try {
    await within(room.isConnected ? room.disconnect() : disconnectNative(room, clock), {
      clock,
      timeoutMs: DISCONNECT_TIMEOUT_MS,
      signal: new AbortController().signal,
      timedOut: () => new Error(`no answer within ${DISCONNECT_TIMEOUT_MS} ms`),
      cancelled: () => new Error("cancelled"),
    });
  } catch (error) {
    log.warn({ error: messageOf(error) }, "leaving the room did not end cleanly");
  }
  forgetRoom(room);
}

function joinError(error: unknown, url: string): ParleyError {
  if (error instanceof ParleyError) return error;
  const said = messageOf(error);
  if (error instanceof ConnectError && /401|403|unauthori[sz]ed|invalid (api key|token)|permission/i.test(said)) {
    return new ParleyError(
      `LiveKit at ${url} does not accept the token: ${said}. Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.`,
      { code: "livekit-unauthorised", category: "unauthorised", cause: error },
    );
  }
  return new ParleyError(`LiveKit at ${url} could not be joined: ${said}. Check LIVEKIT_URL.`, {
    code: "livekit-unreachable",
    category: "network",
    retryable: true,
    cause: error,
  });
}
