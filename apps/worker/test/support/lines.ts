import { applyGain, peak } from "@parley/audio";
import { speechClip } from "@parley/testkit";
import type { Line } from "./caller-plan.ts";

const THINGS =
  "bicycle umbrella teapot ladder telescope guitar carpet lantern wheelbarrow mirror saddle typewriter hammock kettle microscope blanket violin suitcase aquarium chandelier".split(
    " ",
  );
const REQUESTS = [
  "how much is the",
  "can i buy a used",
  "where do you keep the",
  "i would like to return my",
  "do you have a bigger",
];
const VOICES = ["slt", "rms", "awb"] as const;
const PEAK = 20_000;

/** Five lines for each of 20 callers; no line is said twice. */
export const LINES: readonly (readonly Line[])[] = THINGS.map((thing, i) =>
  REQUESTS.map((request) => ({ text: `${request} ${thing}`, voice: VOICES[i % VOICES.length]! })),
);

/** A line as its caller says it, 16 kHz. */
export async function spokenLine({ text, voice }: Line): Promise<Int16Array> {
  const samples = await speechClip(text, { voice });
  return applyGain(samples, PEAK / peak(samples));
}
