import type { LocalTrack, RemoteTrack } from "@livekit/rtc-node";
import type { Clock } from "@parley/engine";
import { ffiClient } from "./rtc-internals.ts";

interface StatsAnswer {
  /** Set instead of statistics, such as "no transceiver found for track". */
  error?: string;
  stats: { stats: { case?: string; value?: { received?: { packetsReceived?: bigint } } } }[];
}

const TIMEOUT_MS = 2000;

/**
 * How many packets of a track have arrived, or null when that cannot be known. The native library counts them per
 * track, but rtc-node 1.1.0 offers the whole room's statistics only (1 ms each, and nothing says which track is whose).
 */
export async function packetsReceived(track: RemoteTrack, clock: Clock): Promise<number | null> {
  const answer = await statsOf(track, clock);
  for (const { stats } of answer?.stats ?? []) {
    if (stats.case === "inboundRtp") return Number(stats.value?.received?.packetsReceived ?? 0n);
  }
  return null;
}

/** False: a track of ours has no way out of this process. Null: that cannot be known. */
export async function hasSender(track: LocalTrack, clock: Clock): Promise<boolean | null> {
  const answer = await statsOf(track, clock);
  return answer && !/no transceiver/i.test(answer.error ?? "");
}

async function statsOf(track: RemoteTrack | LocalTrack, clock: Clock): Promise<StatsAnswer | null> {
  const client = ffiClient();
  const trackHandle = (track as unknown as { ffi_handle?: { handle?: bigint } }).ffi_handle?.handle;
  if (!client || trackHandle === undefined) return null;
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
