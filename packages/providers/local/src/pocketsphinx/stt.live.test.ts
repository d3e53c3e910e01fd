import { afterAll, expect, test } from "vitest";
import { receptionistPhrases } from "../receptionist/phrases.ts";
import { say, speak } from "./fixtures/caller.ts";
import { inARoom, inNoise } from "./fixtures/line.ts";
import { wordErrors } from "./fixtures/word-errors.ts";
import { pocketSphinxStt } from "./stt.ts";

const never = new AbortController().signal;
const stt = pocketSphinxStt({ phrases: receptionistPhrases, timeoutMs: 120_000 });
afterAll(() => stt.close?.());

test("words have their times, and interims come while the person speaks", async () => {
  const edge = 21_000;
  const speech = speak("i would like to book a table for tomorrow evening please", "slt");
  const clip = inARoom(speech, 15, edge);
  const session = stt.open({ language: "en", phrases: [], signal: never });
  const interims: string[] = [];
  const hear = async (pauseMs: number) => {
    const utterance = session.utterance((text) => interims.push(text));
    for (let at = 0; at < clip.length; at += 1600) {
      utterance.push(clip.subarray(at, at + 1600));
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return utterance.finish(never);
  };
  const expected = "I would like to book a table for tomorrow evening please";
  // The long pause before the first words must not be taken for how this line sounds.
  expect(await hear(0)).toMatchObject({ text: expected });
  interims.length = 0;
  const { text, words = [] } = await hear(100);
  session.close();
  expect(text).toBe(expected);
  expect(words.map(({ word }) => word).join(" ")).toBe(text.replace("I", "i"));
  const spokenMs = { from: edge / 16, to: (edge + speech.length) / 16 };
  expect(words[0]?.startMs).toBeGreaterThan(spokenMs.from - 100);
  expect(words[0]?.startMs).toBeLessThan(spokenMs.from + 400);
  expect(words.at(-1)?.endMs).toBeGreaterThan(spokenMs.to - 500);
  expect(words.at(-1)?.endMs).toBeLessThan(spokenMs.to + 150);
  expect(interims.length).toBeGreaterThanOrEqual(2);
  expect(interims.some((interim) => interim.length < text.length && text.startsWith(interim))).toBe(true);
});

test("who spoke before, on another line, changes nothing", async () => {
  const clip = inARoom(speak("can i book a table for two on friday at seven", "rms"));
  const alone = await say(stt, [clip]);
  await say(stt, [inNoise(speak("where is my order", "awb"), 10)]);
  expect(await say(stt, [clip])).toEqual(alone);
});

test("a grammar hears exactly what it allows", async () => {
  const grammar = "#JSGF V1.0; grammar answer; public <answer> = [oh] yes please | no thank you;";
  const strict = pocketSphinxStt({ grammar, timeoutMs: 60_000 });
  const results = await say(strict, [inARoom(speak("yes please", "slt")), inARoom(speak("no thank you", "rms"))]);
  await strict.close?.();
  expect(results.map(({ text }) => text)).toEqual(["Yes please", "No thank you"]);
});

test("without phrases it takes dictation", async () => {
  const general = pocketSphinxStt({ timeoutMs: 120_000 });
  const said = "scientists discovered a new kind of bird on the island last summer";
  const [result] = await say(general, [inARoom(speak(said, "slt"))]);
  await general.close?.();
  const { errors, words } = wordErrors(said, result?.text ?? "");
  expect(errors / words, result?.text).toBeLessThan(0.35);
});
