import { applyGain, concat, peak } from "@parley/audio";
import { noise, silence, speechClip } from "@parley/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { loadSileroModel, type SileroModel, sileroModelPath } from "./model.ts";
import { sileroVadWith } from "./vad.ts";
import { freshState, WindowBatch } from "./window-batch.ts";

const real = await loadSileroModel(sileroModelPath());
let asked = 0;
const counting: SileroModel = {
  async run(batch) {
    asked += batch.size;
    await real.run(batch);
  },
  release: async () => {},
};
const vad = sileroVadWith("stillness", async () => counting);
afterAll(async () => {
  await vad.close();
  await real.release();
});

/** Probabilities as a call gets them, and how many windows the model was asked about. */
async function heard(sound: Int16Array): Promise<{ heard: number[]; asked: number }> {
  await vad.warm();
  asked = 0;
  const stream = vad.open();
  const probabilities: number[] = [];
  for (let at = 0; at + 512 <= sound.length; at += 512) {
    stream.push(sound.subarray(at, at + 512), (p) => probabilities.push(p));
    while (probabilities.length < (at + 512) / 512) await new Promise((resolve) => setImmediate(resolve));
  }
  stream.close();
  return { heard: probabilities, asked };
}

/** The model asked about every window. */
async function everyWindow(sound: Int16Array): Promise<number[]> {
  const batch = new WindowBatch(1);
  const state = freshState();
  const probabilities: number[] = [];
  for (let at = 0; at + 512 <= sound.length; at += 512) {
    batch.load(0, state, sound.subarray(at, at + 512));
    await real.run(batch);
    probabilities.push(batch.take(0, state));
  }
  return probabilities;
}

const voiced = (probabilities: readonly number[]) => probabilities.map((p) => p > 0.5);
const scaled = (sound: Int16Array, db: number) => applyGain(sound, (32_768 * 10 ** (db / 20)) / peak(sound));

describe("a still line", () => {
  it("is not put to the model once the model has settled", async () => {
    const result = await heard(silence(10_000));
    expect(result.heard).toHaveLength(312);
    expect(result.asked).toBeLessThan(20);
    expect(Math.max(...result.heard)).toBeLessThan(0.1);
  });

  it("costs speech after it nothing: it begins no later than ever, and ends at most two later", async () => {
    const clip = await speechClip("Could you tell me your opening hours please?");
    for (const db of [-6, -30, -40]) {
      const sound = concat([silence(5_000), scaled(clip, db), silence(4_000), scaled(clip, db), silence(1_000)]);
      const result = await heard(sound);
      const ours = voiced(result.heard);
      const reference = voiced(await everyWindow(sound));
      // The second utterance begins in the middle of the second silence at the earliest.
      const middle = Math.round((5_000 + clip.length / 16 + 2_000) / 32);
      for (const [from, to] of [
        [0, middle],
        [middle, reference.length],
      ] as const) {
        const [mine, theirs] = [ours.slice(from, to), reference.slice(from, to)];
        expect(mine.indexOf(true) - theirs.indexOf(true), `at ${db} dB`).toBeOneOf([-1, 0]);
        expect(mine.lastIndexOf(true) - theirs.lastIndexOf(true), `at ${db} dB`).toBeOneOf([0, 1, 2]);
      }
      expect(result.asked).toBeLessThan(reference.length * 0.5);
    }
  });

  it("is one on which the model itself hears nothing, even of speech", async () => {
    const faint = scaled(await speechClip("Could you tell me your opening hours please?"), -57);
    expect(voiced(await everyWindow(faint))).not.toContain(true);
  });

  it("is none when there is noise: the model is asked about every window", async () => {
    const result = await heard(noise(3_000, 16_000, -60));
    expect(result.asked).toBe(result.heard.length);
  });
});
