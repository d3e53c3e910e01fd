import type { SimulatedCaller } from "@parley/livekit";
import type { MarkedSpeech } from "./marked-speech.ts";

const CLIP_RATE_HZ = 16_000;
/** Pauses between an answer's words and sentences are shorter. */
const OVER_MS = 900;

export interface HeardAnswer {
  /** Empty: sound, but none of the marked texts. */
  text: string;
  /** From the end of the question to the first sound. */
  afterMs: number;
  /** Of sound above the level of silence. */
  loudMs: number;
}

/** Says a clip in the middle of silence, and hears the answer to its end. Throws when none begins in time. */
export async function ask(
  caller: SimulatedCaller,
  clip: Int16Array,
  { recognise }: MarkedSpeech,
  timeoutMs = 20_000,
): Promise<HeardAnswer> {
  if (caller.hearing.lastLoudAt > 0) await caller.quiet(OVER_MS);
  const { endedAt } = await caller.speak(clip, CLIP_RATE_HZ);
  const onsetAt = await caller.onset(endedAt, timeoutMs);
  const silentAt = await caller.quiet(OVER_MS);
  return {
    text: recognise(caller.hearing.samples(onsetAt, silentAt)),
    afterMs: Math.round(onsetAt - endedAt),
    loudMs: caller.hearing.loudMs(onsetAt, silentAt),
  };
}
