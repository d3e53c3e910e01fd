import type { SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import type { Recognised } from "./recogniser.ts";

const CLIP_RATE_HZ = 16_000;

export interface Heard extends Recognised {
  /** From the end of the question to the first sound. */
  afterMs: number;
  /** Of sound above the level of silence. */
  loudMs: number;
}

export interface AskOptions {
  recognise: (samples: Int16Array) => Recognised;
  /** How long the first sound of the answer may take. */
  timeoutMs?: number;
}

/** Says a line in the middle of silence, and hears the answer to its end. */
export async function ask(
  caller: SimulatedCaller,
  line: string | Int16Array,
  { recognise, timeoutMs = 20_000 }: AskOptions,
): Promise<Heard> {
  await caller.quiet(900);
  const clip = typeof line === "string" ? await speechClip(line) : line;
  const { endedAt } = await caller.speak(clip, CLIP_RATE_HZ);
  const onsetAt = await caller.onset(endedAt, timeoutMs);
  const silentAt = await caller.quiet(900);
  const heard = recognise(caller.hearing.samples(onsetAt - 100, silentAt + 100));
  return { ...heard, afterMs: Math.round(onsetAt - endedAt), loudMs: caller.hearing.loudMs(onsetAt, silentAt) };
}
