import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { applyGain, concat, resample } from "@parley/audio";
import { mix, noise, randomFrom, silence, speechClip, tone } from "@parley/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { CLIP_RATE_HZ, type Clip, loadClips, makeClips } from "../clips.ts";
import { QUESTIONS, textOf } from "../questions.ts";
import { Recogniser } from "./recogniser.ts";
import { written } from "./stt.ts";

let clips: Clip[] = [];
let recogniser: Recogniser;

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "parley-clips-"));
  await makeClips(folder);
  const { short, long, barge } = await loadClips(folder);
  clips = [...short, long, barge];
  recogniser = new Recogniser(clips, CLIP_RATE_HZ);
  await rm(folder, { recursive: true });
}, 60_000);

interface Line {
  rateHz?: number;
  gainDb?: number;
  noiseDb?: number;
  leadMs?: number;
  tailMs?: number;
}

/** What a runtime may send of a sound of this rate. */
function heard(samples: Int16Array, { rateHz = 16_000, gainDb = 0, noiseDb, leadMs = 0, tailMs = 0 }: Line = {}) {
  const sound = concat([silence(leadMs, rateHz), samples, silence(tailMs, rateHz)]);
  const level = applyGain(sound, 10 ** (gainDb / 20));
  const hiss = noiseDb === undefined ? [] : [noise((level.length / rateHz) * 1000, rateHz, noiseDb)];
  return recogniser.hear(mix(level, ...hiss), rateHz);
}

const resampled = new Map<string, Int16Array>();
/** A clip, or a part of it. */
function part({ name, samples }: Clip, { rateHz = 16_000 }: Line = {}, fromMs = 0, toMs = 60_000): Int16Array {
  const key = `${name} ${rateHz}`;
  const whole = resampled.get(key) ?? resample(samples, CLIP_RATE_HZ, rateHz);
  resampled.set(key, whole);
  return whole.slice((fromMs * rateHz) / 1000, (toMs * rateHz) / 1000);
}

const question = (clip: Clip) => QUESTIONS.find(({ name }) => name === clip.name)!;
const join = (words: readonly { word: string }[]) => words.map(({ word }) => word).join(" ");

it("knows a question behind another sound and a silence, as some send it", () => {
  for (const clip of clips.slice(0, 8)) {
    const whole = part(clip);
    const stray = whole.slice(-16 * 150);
    expect(heard(concat([stray, silence(340, 16_000), whole]))).toMatchObject({ clip: clip.name, isWhole: true });
  }
  expect(heard(concat([tone(150, 16_000, 300, -15), silence(340, 16_000)]))).toBeNull();
});

const LINES: [string, Line][] = [
  ["at 48 kHz, quieter by 6 dB", { rateHz: 48_000, gainDb: -6 }],
  ["at 24 kHz, louder by 6 dB, after 70 ms", { rateHz: 24_000, gainDb: 6, leadMs: 70 }],
  ["at 16 kHz, with noise 30 dB below", { noiseDb: -50 }],
  ["after 500 ms, before 600 ms", { leadMs: 500, tailMs: 600 }],
  ["quiet, late, at 24 kHz, in noise", { rateHz: 24_000, gainDb: -6, noiseDb: -56, leadMs: 333, tailMs: 300 }],
];

describe.each(LINES)("speech %s", (_, line) => {
  it("is written down whole", () => {
    for (const clip of clips) {
      const found = heard(part(clip, line), line);
      expect(written(found)).toBe(textOf(question(clip)));
      expect(found?.isWhole).toBe(true);
    }
  });

  it("is written down as far as its words ended, wherever it is cut", () => {
    for (const clip of clips) {
      clip.words.forEach(({ endMs }, i) => {
        const text = written(heard(part(clip, line, 0, endMs), { ...line, tailMs: 0 }));
        const said = join(clip.words.slice(0, i + 1)) + (i === clip.words.length - 1 ? question(clip).sign : "");
        // A quarter of a second may be too little to be told from others.
        const allowed = endMs < 250 ? ["", said] : [said];
        expect(allowed, `${clip.name}, cut after ${said}`).toContain(text);
      });
    }
  });

  it("is written down from the pause on after which it begins, with its sign", () => {
    for (const clip of clips) {
      let said = 0;
      for (const phrase of question(clip).phrases.slice(0, -1)) {
        said += phrase.split(" ").length;
        const rest = clip.words.slice(said);
        const found = heard(part(clip, line, rest[0]!.startMs), line);
        expect(written(found)).toBe(join(rest) + question(clip).sign);
        expect(found?.isWhole).toBe(false);
      }
    }
  });
});

describe("what is cut", () => {
  it("never comes back whole, and never with a word that had not ended", () => {
    for (const clip of clips) {
      const end = clip.words.at(-1)!.endMs;
      for (let toMs = 150; toMs < end - 40; toMs += 90) {
        const found = heard(part(clip, {}, 0, toMs), { leadMs: 200, noiseDb: -56 });
        expect([clip.name, toMs, found?.isWhole ?? false]).toEqual([clip.name, toMs, false]);
        if (toMs < 250) continue;
        const late = found?.words.filter(({ endMs }) => endMs > toMs + 60) ?? [];
        expect([clip.name, toMs, join(late)]).toEqual([clip.name, toMs, ""]);
      }
    }
  });

  it("is found in the middle of a clip too", () => {
    const random = randomFrom(7);
    for (let i = 0; i < 60; i++) {
      const clip = clips[i % clips.length]!;
      const fromMs = random() * clip.lastMs * 0.6;
      const toMs = Math.min(clip.lastMs, fromMs + 500 + random() * 1000);
      const found = heard(part(clip, {}, fromMs, toMs), { leadMs: random() * 300, gainDb: random() * 6 - 3 });
      const surely = clip.words.filter((word) => word.startMs >= fromMs + 40 && word.endMs <= toMs - 40);
      const middle = ({ startMs, endMs }: { startMs: number; endMs: number }) => (startMs + endMs) / 2;
      const perhaps = clip.words.filter((word) => middle(word) >= fromMs - 60 && word.endMs <= toMs + 80);
      expect(found?.words ?? []).toEqual(expect.arrayContaining(surely));
      expect(perhaps).toEqual(expect.arrayContaining([...(found?.words ?? [])]));
    }
  });

  it("does not gain words by the silence that a runtime puts behind it", () => {
    for (const clip of clips) {
      let said = 0;
      for (const phrase of question(clip).phrases.slice(0, -1)) {
        said += phrase.split(" ").length;
        const found = heard(part(clip, {}, 0, clip.words[said - 1]!.endMs), { leadMs: 200, tailMs: 1500 });
        expect(written(found)).toBe(join(clip.words.slice(0, said)));
      }
    }
  });
});

it("understands what a jitter buffer has shortened or stretched", () => {
  const piece = 16 * 15;
  for (const clip of clips) {
    const samples = part(clip);
    for (const share of [0.3, 0.7]) {
      const at = Math.floor(samples.length * share);
      const shorter = concat([samples.slice(0, at), samples.slice(at + piece)]);
      const longer = concat([samples.slice(0, at), samples.slice(at - piece)]);
      expect(written(heard(shorter))).toBe(textOf(question(clip)));
      expect(written(heard(longer))).toBe(textOf(question(clip)));
    }
  }
});

it("writes nothing down for what is none of the clips", async () => {
  const cough = (ms: number) => mix(noise(ms, 16_000, -14, ms), tone(ms, 16_000, 300, -22));
  const sounds = {
    silence: silence(2000),
    nothing: new Int16Array(0),
    hiss: noise(2000, 16_000, -60),
    noise: noise(1500, 16_000, -20),
    "a short cough": cough(120),
    "a cough": concat([cough(220), silence(150), cough(320)]),
    "the agent's own tone": tone(1500, 16_000, 440, -20),
    "another sentence": await speechClip("My parcel has been damaged on its way to us"),
    yes: await speechClip("Yes"),
    "another voice": await speechClip("I would rather like to pay by bank transfer", {
      voice: "rms",
    }),
  };
  for (const [name, samples] of Object.entries(sounds)) {
    for (const line of [{}, { leadMs: 200, tailMs: 300, noiseDb: -56 }]) {
      expect([name, written(heard(samples, line))]).toEqual([name, ""]);
    }
  }
});
