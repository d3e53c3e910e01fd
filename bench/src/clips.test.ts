import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { rms } from "@parley/audio";
import { beforeAll, expect, it } from "vitest";
import { CLIP_RATE_HZ, type Clip, type Clips, loadClips, makeClips } from "./clips.ts";
import { LONG_QUESTION, QUESTIONS, SHORT_QUESTIONS, textOf, wordsOf } from "./questions.ts";

let clips: Clips;
beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "parley-clips-"));
  await makeClips(folder);
  clips = await loadClips(folder);
  await rm(folder, { recursive: true });
}, 60_000);
const all = () => [...clips.short, clips.long, clips.barge];

/** Stretches below what the agents' VADs and the callers' ears take for sound, in 5 ms windows. */
function pauses({ samples, firstMs, lastMs }: Clip): number[] {
  const found: number[] = [];
  let quietMs = 0;
  for (let ms = firstMs; ms < lastMs; ms += 5) {
    const window = samples.subarray((ms * CLIP_RATE_HZ) / 1000, ((ms + 5) * CLIP_RATE_HZ) / 1000);
    if (rms(window) < 100) quietMs += 5;
    else if (quietMs > 0) {
      found.push(quietMs);
      quietMs = 0;
    }
  }
  return found;
}

it("asks short questions of 7 to 10 words, told apart by their first one, with pauses of 80 to 250 ms inside", () => {
  const words = SHORT_QUESTIONS.map((question) => wordsOf(textOf(question)));
  expect(words.every(({ length }) => length >= 7 && length <= 10)).toBe(true);
  expect(new Set(words.map(([first]) => first)).size).toBe(words.length);
  expect(new Set(SHORT_QUESTIONS.flatMap(({ pausesMs }) => pausesMs))).toEqual(new Set([80, 120, 180, 250]));
  expect(QUESTIONS.every(({ phrases, pausesMs }) => pausesMs.length === phrases.length - 1)).toBe(true);
  expect(QUESTIONS.every(({ answer }) => answer.split(" ").length === 4)).toBe(true);
});

it("is silent between two phrases for as long as it says", () => {
  for (const question of QUESTIONS) {
    const clip = all().find(({ name }) => name === question.name)!;
    const heard = pauses(clip);
    // Closed lips before a p or t are shorter, and there are more of them.
    const longest = heard.sort((a, b) => b - a).slice(0, question.pausesMs.length);
    const stated = [...question.pausesMs].sort((a, b) => b - a);
    expect(longest.map((ms, i) => Math.abs(ms - stated[i]!) <= 10)).toEqual(stated.map(() => true));
    expect(clip.firstMs).toBeLessThan(20);
    expect(clip.lastMs).toBeGreaterThan((clip.samples.length / CLIP_RATE_HZ) * 1000 - 20);
  }
});

it("never seems over, to an agent that waits for 300 ms of quiet, before it is", () => {
  const frame = (CLIP_RATE_HZ * 20) / 1000;
  for (const { samples } of all()) {
    for (const phase of [0, 0.25, 0.5, 0.75]) {
      let quietMs = 0;
      for (let at = phase * frame; at + frame <= samples.length; at += frame) {
        quietMs = rms(samples.subarray(at, at + frame)) > 700 ? 0 : quietMs + 20;
        expect(quietMs).toBeLessThanOrEqual(280);
      }
    }
  }
});

it("knows where each word is: one after the other, in sound at its middle, at a phrase's edges where the sound is", () => {
  for (const clip of all()) {
    const question = QUESTIONS.find(({ name }) => name === clip.name)!;
    expect(clip.words.map(({ word }) => word).join(" ")).toBe(question.phrases.join(" "));
    let before = 0;
    for (const { startMs, endMs } of clip.words) {
      expect(startMs).toBeGreaterThanOrEqual(before - 1);
      expect(endMs - startMs).toBeGreaterThan(40);
      before = endMs;
    }
    expect(Math.abs(before - clip.lastMs)).toBeLessThan(40);
    let last = -1;
    question.phrases.forEach((phrase, i) => {
      const first = clip.words[last + 1]!;
      const ended = clip.words[last]?.endMs ?? 0;
      expect(Math.abs(first.startMs - ended - (question.pausesMs[i - 1] ?? 0))).toBeLessThan(40);
      last += phrase.split(" ").length;
    });
  }
  expect(LONG_QUESTION.phrases.join(" ")).toBe(clips.long.words.map(({ word }) => word).join(" "));
});
