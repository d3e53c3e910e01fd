import { ConnectError, type Room } from "@livekit/rtc-node";
import { type Clock, ParleyError, within } from "@parley/engine";
import { type Addresses, processAddresses } from "../addresses/addresses.ts";
import { whyUnreachable } from "../addresses/reachable.ts";
import { type Log, messageOf } from "../log.ts";
import { type IceSettings, rtcConfigOf } from "./ice.ts";
import type { JoinGate } from "./join-gate.ts";
import { disconnectNative } from "./native-disconnect.ts";
import { forgetRoom, newRoom } from "./route-events.ts";

export interface ConnectOptions {
  url: string;
  /** Other ways to the same LiveKit: tried when `url` cannot be reached. */
  fallbackUrls?: readonly string[] | undefined;
  /** Default: what this process knows of them. */
  addresses?: Addresses | undefined;
  token: string;
  /** For the connection itself, once it is this join's turn. */
  connectTimeoutMs: number;
  gate: JoinGate;
  signal: AbortSignal;
  clock: Clock;
  log: Log;
  ice?: IceSettings | undefined;
  /** Subscribe to everything by itself; else tracks are subscribed one by one. */
  autoSubscribe: boolean;
  /** Register handlers here: nothing that happens at the join is missed. Called for every attempt, with another room. */
  prepare(room: Room): void;
}

/** Incoming data streams larger than this end with an error: the largest sound one is a pre-connect recording. */
const MAX_STREAM_BYTES = 8 * 1024 * 1024;
/** One for each direction: with a single one a join takes half as long again, or twice (docs/decisions/012). Not in rtc-node's type. */
const TWO_CONNECTIONS = { singlePeerConnection: false };
const DISCONNECT_TIMEOUT_MS = 5000;
const PROBE_MS = 3000;

/**
 * Joins a room, at the first of its addresses that can be reached. That is asked first, where there are several: a join
 * that hangs cannot be called off, and if it came through after another it would throw that one out. Throws
 * ParleyError: `livekit-unauthorised`, `livekit-unreachable`, `livekit-timeout`, `join-cancelled`.
 */
export function connectRoom(options: ConnectOptions): Promise<Room> {
  return options.gate.run(options.signal, () => connectInTurn(options));
}

async function connectInTurn(options: ConnectOptions): Promise<Room> {
  const { signal, clock, log, addresses = processAddresses } = options;
  const until = clock.now() + options.connectTimeoutMs;
  const urls = addresses.inTurn([options.url, ...(options.fallbackUrls ?? [])]);
  for (const [index, url] of urls.entries()) {
    const next = urls[index + 1];
    const problem = next === undefined ? null : await whyUnreachable(url, PROBE_MS, signal);
    if (signal.aborted) throw cancelled();
    try {
      if (problem !== null) throw unreachable(url, problem);
      const room = await connect({ ...options, url, connectTimeoutMs: Math.max(1, Math.round(until - clock.now())) });
      addresses.worked(url);
      return room;
    } catch (error) {
      const code = error instanceof ParleyError ? error.code : "";
      if (code === "livekit-unreachable" || code === "livekit-timeout") addresses.failed(url);
      if (code !== "livekit-unreachable" || next === undefined) throw error;
      log.warn({ url, next, error: (error as Error).message }, "LiveKit could not be joined here");
    }
  }
  throw new Error("unreachable: the last address is joined or throws");
}

async function connect(options: ConnectOptions): Promise<Room> {
  const { url, token, connectTimeoutMs, signal, clock, log, autoSubscribe, ice } = options;
  const room = newRoom(log);
  options.prepare(room);
  const connecting = room.connect(url, token, {
    autoSubscribe,
    dynacast: false,
    ...TWO_CONNECTIONS,
    ...rtcConfigOf(ice),
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
      cancelled,
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

const cancelled = () => new ParleyError("The join was cancelled.", { code: "join-cancelled", category: "cancelled" });

function joinError(error: unknown, url: string): ParleyError {
  if (error instanceof ParleyError) return error;
  const said = messageOf(error);
  if (error instanceof ConnectError && /401|403|unauthori[sz]ed|invalid (api key|token)|permission/i.test(said)) {
    return new ParleyError(
      `LiveKit at ${url} does not accept the token: ${said}. Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.`,
      { code: "livekit-unauthorised", category: "unauthorised", cause: error },
    );
  }
  return unreachable(url, said, error);
}

function unreachable(url: string, said: string, cause?: unknown): ParleyError {
  return new ParleyError(`LiveKit at ${url} could not be joined: ${said}. Check LIVEKIT_URL.`, {
    code: "livekit-unreachable",
    category: "network",
    retryable: true,
    cause,
  });
}
