import type { LocalTrack, RemoteTrack } from "@livekit/rtc-node";
import type { Clock } from "@parley/engine";
import { ffiClient } from "./rtc-internals.ts";

/** What has arrived of a remote track since it was subscribed to. */
export interface Inbound {
  packetsReceived: number;
  packetsLost: number;
  /** Of the packets' times of arrival, as the listener's jitter buffer sees it. */
  jitterMs: number;
  /** Sound that was made of it, and how much of that was made up. */
  samples: number;
  concealedSamples: number;
}

/** What the server says of our track. */
export interface Outbound {
  packetsSent: number;
  /** Of the packets since its last report. */
  fractionLost: number;
  jitterMs: number;
  roundTripMs: number;
}

interface Received {
  packetsReceived?: bigint;
  packetsLost?: bigint;
  /** Seconds. */
  jitter?: number;
}

/** The parts of a statistics answer that are looked at; times are in seconds. */
type Stats =
  | {
      case: "inboundRtp";
      value: { received?: Received; inbound?: { totalSamplesReceived?: bigint; concealedSamples?: bigint } };
    }
  | { case: "outboundRtp"; value: { sent?: { packetsSent?: bigint } } }
  | {
      case: "remoteInboundRtp";
      value: { received?: Received; remoteInbound?: { fractionLost?: number; roundTripTime?: number } };
    }
  | { case: "other"; value: unknown };

interface StatsAnswer {
  /** Set instead of statistics, such as "no transceiver found for track". */
  error?: string;
  stats: { stats: Stats }[];
}

const TIMEOUT_MS = 2000;

/**
 * Null when it cannot be known. The native library counts per track, but rtc-node 1.1.0 offers the whole room's
 * statistics only (1 ms each, and nothing says which track is whose).
 */
export async function inboundOf(track: RemoteTrack, clock: Clock): Promise<Inbound | null> {
  const inbound = find(await statsOf(track, clock), "inboundRtp");
  if (!inbound) return null;
  const { packetsReceived = 0n, packetsLost = 0n, jitter = 0 } = inbound.received ?? {};
  const { totalSamplesReceived = 0n, concealedSamples = 0n } = inbound.inbound ?? {};
  return {
    packetsReceived: Number(packetsReceived),
    packetsLost: Number(packetsLost),
    jitterMs: jitter * 1000,
    samples: Number(totalSamplesReceived),
    concealedSamples: Number(concealedSamples),
  };
}

/** Null when it cannot be known, such as before the server's first report. */
export async function outboundOf(track: LocalTrack, clock: Clock): Promise<Outbound | null> {
  const answer = await statsOf(track, clock);
  const sent = find(answer, "outboundRtp");
  const report = find(answer, "remoteInboundRtp");
  if (!sent || !report) return null;
  return {
    packetsSent: Number(sent.sent?.packetsSent ?? 0n),
    fractionLost: report.remoteInbound?.fractionLost ?? 0,
    jitterMs: (report.received?.jitter ?? 0) * 1000,
    roundTripMs: (report.remoteInbound?.roundTripTime ?? 0) * 1000,
  };
}

/** False: a track of ours has no way out of this process. Null: that cannot be known. */
export async function hasSender(track: LocalTrack, clock: Clock): Promise<boolean | null> {
  const answer = await statsOf(track, clock);
  return answer && !/no transceiver/i.test(answer.error ?? "");
}

function find<C extends Stats["case"]>(answer: StatsAnswer | null, wanted: C) {
  for (const { stats } of answer?.stats ?? [])
    if (stats.case === wanted) return stats.value as Extract<Stats, { case: C }>["value"];
  return null;
}

async function statsOf(track: RemoteTrack | LocalTrack, clock: Clock): Promise<StatsAnswer | null> {
  const trackHandle = (track as unknown as { ffi_handle?: { handle?: bigint } }).ffi_handle?.handle;
  const client = trackHandle === undefined ? null : ffiClient();
  if (!client) return null;
  const late = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => late.abort());
  try {
    const { asyncId } = client.request({ message: { case: "getStats", value: { trackHandle } } }) as {
      asyncId: bigint;
    };
    const mine = ({ message }: { message: { case?: string; value?: unknown } }) =>
      message.case === "getStats" && (message.value as { asyncId: bigint }).asyncId === asyncId;
    return await client.waitFor<StatsAnswer>(mine, { signal: late.signal });
  } catch {
    return null;
  } finally {
    cancel();
  }
}
