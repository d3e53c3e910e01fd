import { expect, it } from "vitest";
import { UtteranceAudio } from "./utterance-audio.ts";

const count = (from: number, length: number) => Int16Array.from({ length }, (_, i) => from + i);

it("keeps what was written, in order, over its first size", () => {
  const audio = new UtteranceAudio(1000, 60_000);
  for (let at = 0; at < 9000; at += 300) audio.write(count(at, 300));
  expect(audio.length).toBe(9000);
  expect(audio.read()).toEqual(count(0, 9000));
});

it("copies: a frame may be used again", () => {
  const audio = new UtteranceAudio(1000, 1000);
  const frame = count(1, 3);
  audio.write(frame);
  frame.fill(0);
  expect([...audio.read()]).toEqual([1, 2, 3]);
});

it("lets the oldest go beyond its bound", () => {
  const audio = new UtteranceAudio(1000, 100);
  for (let at = 0; at < 250; at += 30) audio.write(count(at, 30));
  expect(audio.length).toBe(100);
  expect(audio.read()).toEqual(count(170, 100));
  audio.write(count(1000, 500));
  expect(audio.read()).toEqual(count(1400, 100));
});
