import { noise, silence, tone } from "@parley/testkit";
import { afterAll, expect, test } from "vitest";
import { receptionistPhrases } from "../receptionist/phrases.ts";
import { say } from "./fixtures/caller.ts";
import { espeak, hasEspeak } from "./fixtures/espeak.ts";
import { inARoom } from "./fixtures/line.ts";
import { FOREIGN_CALLERS_SAY } from "./fixtures/sentences.ts";
import { pocketSphinxStt } from "./stt.ts";

const stt = pocketSphinxStt({ phrases: receptionistPhrases, timeoutMs: 120_000 });
afterAll(() => stt.close?.());

/** The share taken for something that the agent's callers say. */
async function shareTaken(name: string, clips: readonly Int16Array[]): Promise<number> {
  const results = await say(stt, clips);
  const taken = results.filter(({ understood }) => understood).map(({ text }) => text);
  console.log(`${name}: ${clips.length - taken.length} of ${clips.length} refused`, taken);
  return taken.length / clips.length;
}

test.runIf(hasEspeak).each(Object.entries(FOREIGN_CALLERS_SAY))("%s is not understood", async (voice, sentences) => {
  const clips = sentences.map((text) => inARoom(espeak(text, voice)));
  expect(await shareTaken(voice, clips)).toBeLessThanOrEqual(0.25);
});

test.each([
  ["silence", silence(2000, 16_000)],
  ["a quiet room", inARoom(silence(2000, 16_000))],
  ["white noise", noise(2000, 16_000, -40)],
  ["a dial tone", tone(2000, 16_000, 440, -20)],
])("%s is nothing said", async (_name, clip) => {
  expect(await say(stt, [clip])).toEqual([expect.objectContaining({ text: "", understood: true })]);
});
