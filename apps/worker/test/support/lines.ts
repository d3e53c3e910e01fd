import type { FliteVoice } from "@parley/testkit";

export interface Line {
  text: string;
  voice: FliteVoice;
}

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

/** Five lines for each of 20 callers; no line is said twice. */
export const LINES: readonly (readonly Line[])[] = THINGS.map((thing, i) =>
  REQUESTS.map((request) => ({ text: `${request} ${thing}`, voice: VOICES[i % VOICES.length]! })),
);
