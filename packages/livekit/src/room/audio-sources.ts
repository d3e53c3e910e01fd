import { AudioSource } from "@livekit/rtc-node";

/** What voices are made at: at 48 kHz each sample was computed here, twice, for nothing that can be heard. */
export const VOICE_RATE_HZ = 24_000;
/** Of a source's native queue; a capture completes at once while less than this is in it. */
const QUEUE_MS = 1000;

/*
 * Each source has a thread that ticks every 10 ms. When the server ends a room, the native library (0.12.73) keeps the
 * room's local track, and with it the source and its thread, for as long as the process lives: unpublishing fails on
 * the closed connection before it has broken the circle between track and publication. Such sources are used again.
 */
const spare: AudioSource[] = [];
const kept = new WeakSet<AudioSource>();

export function takeSource(): AudioSource {
  return spare.pop() ?? new AudioSource(VOICE_RATE_HZ, 1, QUEUE_MS);
}

/** `serverEnded`: the native library will not let go of it. */
export async function returnSource(source: AudioSource, serverEnded: boolean): Promise<void> {
  if (serverEnded) kept.add(source);
  source.clearQueue();
  if (kept.has(source)) spare.push(source);
  else await source.close();
}
