import { noise, tone } from "@parley/testkit";
import { expect, it } from "vitest";
import { TONE_HZ } from "../mock-ai/tones.ts";
import { answered, Ear } from "./ear.ts";
import { toneIn } from "./pitch.ts";

/** Hears frames of 20 ms, of these levels (constant samples: the level is the sample) or of this sound. */
function hearing() {
  let at = 10_000;
  const ear = new Ear(() => at);
  const hear = (level: number, ms: number) => {
    for (let done = 0; done < ms; done += 20) {
      at += 20;
      ear.hear(new Int16Array(320).fill(level));
    }
    return at;
  };
  const listen = (samples: Int16Array) => {
    for (let i = 0; i < samples.length; i += 320) {
      at += 20;
      ear.hear(samples.slice(i, i + 320));
    }
    return at;
  };
  return { ear, hear, listen };
}

it("marks where an answer begins and ends, and the holes in it", () => {
  const { ear, hear } = hearing();
  const asked = hear(0, 1000);
  hear(5000, 300);
  hear(0, 200);
  const ended = hear(5000, 300);
  expect(ear.onsetAt).toBe(asked + 20);
  expect(ear.firstVoicedAt).toBe(asked + 20);
  expect(ear.lastVoicedAt).toBe(ended);
  expect(ear.stretches).toMatchObject([{ onsetAt: asked + 20, longestGapMs: 220, gapMs: 200 }]);
  expect(ear.quiet()).toBe(false);
  hear(0, 620);
  expect(ear.quiet()).toBe(true);
  const again = hear(5000, 20);
  expect(ear.onsetAt).toBe(again);
  expect(ear.stretchAfter(asked)?.onsetAt).toBe(asked + 20);
  expect(ear.stretchAfter(ended)).toMatchObject({ onsetAt: again, gapMs: 0 });
});

it("knows by 20 ms when a sound began and ended, also when more than that came at once", () => {
  let at = 10_000;
  const ear = new Ear(() => at);
  const levels = [0, 0, 0, 0, 0, 5000, 5000, 5000, 5000, 5000, 0, 0];
  for (let from = 0; from < levels.length; from += 3) {
    at += 60;
    ear.hear(Int16Array.from({ length: 960 }, (_, i) => levels[from + Math.floor(i / 320)] ?? 0));
  }
  expect(ear.onsetAt).toBe(10_120);
  expect(ear.lastVoicedAt).toBe(10_200);
});

it("says when the agent became quieter by 12 dB, not when one frame was", () => {
  const { ear, hear } = hearing();
  const since = hear(5000, 1000);
  hear(5000, 100);
  hear(0, 20); // a lost frame
  hear(5000, 80);
  hear(2000, 100); // 8 dB
  const ducked = hear(1200, 20); // 12.4 dB
  hear(1200, 200);
  expect(ear.quieterAt(since, 12)).toBe(ducked);
  expect(ear.quieterAt(since, 30)).toBeUndefined();
});

it("says for how long the agent was quieter", () => {
  const { ear, hear } = hearing();
  const since = hear(5000, 1000);
  hear(1000, 300);
  hear(5000, 100);
  hear(1000, 200);
  hear(0, 420);
  hear(5000, 100);
  expect(ear.quietFor(since, 12)).toBe(620);
  expect(ear.quietFor(since - 1000, 12)).toBeUndefined();
});

it("has no opinion when nothing was said before", () => {
  const { ear, hear } = hearing();
  const since = hear(0, 600);
  hear(0, 200);
  expect(ear.quieterAt(since, 12)).toBeUndefined();
});

it("tells the agent's tones apart, at any level and at any phase, and from noise", () => {
  for (const [understood, hz] of Object.entries(TONE_HZ)) {
    for (const db of [-12, -30]) {
      const sound = tone(2000, 16_000, hz, db);
      for (let at = 0; at + 320 <= sound.length; at += 333) {
        expect(toneIn(sound.slice(at, at + 320), 16_000)).toBe(understood);
      }
    }
  }
  expect(toneIn(noise(20), 16_000)).toBeUndefined();
  expect(toneIn(new Int16Array(320), 16_000)).toBeUndefined();
  expect(toneIn(tone(20, 16_000, 550), 16_000)).toBeUndefined();
});

type Tones = [hz: number, ms: number][];

it.each<[string, Tones, string]>([
  ["a whole question", [[440, 2500]], "whole"],
  ["a cut one", [[660, 2500]], "cut"],
  ["none that there is", [[880, 2500]], "unknown"],
  [
    "a cut one, put right at once",
    [
      [660, 100],
      [440, 2400],
    ],
    "cut",
  ],
  [
    "another one after its beginning",
    [
      [440, 500],
      [660, 1500],
    ],
    "cut",
  ],
])("hears that an answer is to %s, whatever follows it", (_, tones, expected) => {
  const { ear, hear, listen } = hearing();
  const asked = hear(0, 1000);
  for (const [hz, ms] of tones) listen(tone(ms, 16_000, hz, -12));
  hear(0, 700);
  listen(tone(1000, 16_000, 440, -12));
  const answer = ear.stretchAfter(asked);
  expect(answer && answered(answer)).toBe(expected);
});

it("knows when a tone began, by its onset, and takes no other for it", () => {
  const { ear, hear, listen } = hearing();
  const asked = hear(0, 200);
  listen(tone(200, 16_000, TONE_HZ.cut, -10));
  const quiet = hear(0, 100);
  // Two periods in the first frame: loud, and not enough to know it by.
  const begins = new Int16Array(320);
  begins.set(tone(20, 16_000, TONE_HZ.whole, -10).subarray(0, 70), 250);
  listen(begins);
  listen(tone(180, 16_000, TONE_HZ.whole, -10));
  expect(ear.toneAt(asked, "cut")).toBe(asked + 20);
  expect(ear.toneAt(asked, "whole")).toBe(quiet + 20);
  expect(ear.toneAt(asked, "unknown")).toBeUndefined();
  expect(ear.toneAt(quiet, "cut")).toBeUndefined();
});
