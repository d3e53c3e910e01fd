import { resample } from "@parley/audio";
import { afterAll, expect, test } from "vitest";
import type { FliteVoice } from "../flite/synthesizer.ts";
import { receptionistPhrases } from "../receptionist/phrases.ts";
import { everydayPhrases } from "./everyday.ts";
import { say, speak } from "./fixtures/caller.ts";
import { espeak, hasEspeak } from "./fixtures/espeak.ts";
import { inARoom, inNoise, louder, throughMuLaw } from "./fixtures/line.ts";
import { CALLERS_SAY } from "./fixtures/sentences.ts";
import { plainWords, wordErrors } from "./fixtures/word-errors.ts";
import { pocketSphinxStt } from "./stt.ts";

const stt = pocketSphinxStt({ phrases: receptionistPhrases, timeoutMs: 120_000 });
afterAll(() => stt.close?.());

/** Of the callers' sentences: the share of words misheard, and how many sentences were not understood. */
async function hearing(name: string, voice: (text: string) => Int16Array): Promise<{ rate: number; refused: number }> {
  const results = await say(stt, lazily(voice));
  const misheard: string[] = [];
  let [errors, words] = [0, 0];
  for (const [at, said] of CALLERS_SAY.entries()) {
    const heard = results[at]?.text ?? "";
    const found = wordErrors(said, heard);
    errors += found.errors;
    words += found.words;
    if (found.errors > 0) misheard.push(`  ${said} -> ${heard || "(not understood)"}`);
  }
  const rate = errors / words;
  const refused = results.filter(({ understood }) => !understood).length;
  console.log(`${name}: ${(rate * 100).toFixed(1)} % of ${words} words wrong, ${refused} refused`, misheard.join("\n"));
  return { rate, refused };
}

function* lazily(voice: (text: string) => Int16Array) {
  for (const text of CALLERS_SAY) yield voice(text);
}

const flite = (voice: FliteVoice, stretch?: number) => (text: string) => inARoom(speak(text, voice, stretch));
const telephone = (sound: Int16Array) => resample(throughMuLaw(resample(sound, 16_000, 8000)), 8000, 16_000);

test("the test sentences are not among the phrases", () => {
  const known = new Set([...receptionistPhrases, ...everydayPhrases].map((phrase) => plainWords(phrase).join(" ")));
  expect(CALLERS_SAY.length).toBeGreaterThanOrEqual(25);
  expect(CALLERS_SAY.filter((sentence) => known.has(plainWords(sentence).join(" ")))).toEqual([]);
});

// Side by side: as several callers of one agent are heard.
test.concurrent.each([
  ["slt", 0.1, 1, flite("slt")],
  ["rms", 0.1, 1, flite("rms")],
  ["awb", 0.12, 1, flite("awb")],
  ["slt, a quarter faster", 0.12, 1, flite("slt", 0.8)],
  ["rms, a quarter slower", 0.12, 1, flite("rms", 1.25)],
  ["slt, quiet (-24 dB)", 0.12, 1, (text: string) => louder(flite("slt")(text), -24)],
  ["rms by telephone", 0.2, 1, (text: string) => telephone(flite("rms")(text))],
  ["slt in white noise 25 dB below", 0.45, 4, (text: string) => inNoise(speak(text, "slt"), 25)],
] as const)("words wrong of sentences that no model has seen: %s", async (name, most, mostRefused, voice) => {
  const { rate, refused } = await hearing(name, voice);
  expect(rate).toBeLessThan(most);
  expect(refused).toBeLessThanOrEqual(mostRefused);
});

test.runIf(hasEspeak)("espeak-ng, which recognisers find hard, is understood by half", async () => {
  const { rate } = await hearing("espeak-ng", (text) => inARoom(espeak(text, "en-us")));
  expect(rate).toBeLessThan(0.5);
});
