import { noise, silence, speechClip } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { FRAMES, logMel, MELS, SOUND_SAMPLES } from "./log-mel.ts";

/** The same by the book: a Fourier sum for every bin of some frames. */
function byTheBook(samples: Int16Array, frames: readonly number[]): Map<number, number[]> {
  const sound = [...new Array(Math.max(0, SOUND_SAMPLES - samples.length)).fill(0), ...samples].slice(-SOUND_SAMPLES);
  const scaled = sound.map((sample) => sample / 32_768);
  const mean = scaled.reduce((sum, x) => sum + x, 0) / scaled.length;
  const variance = scaled.reduce((sum, x) => sum + (x - mean) ** 2, 0) / scaled.length;
  const x = scaled.map((sample) => (sample - mean) / Math.sqrt(variance + 1e-7));
  const at = (i: number) => x[i < 0 ? -i : i >= x.length ? 2 * (x.length - 1) - i : i]!;
  const hz = (mel: number) => (mel < 15 ? (mel * 200) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15)));
  const top = 15 + (Math.log(8) * 27) / Math.log(6.4);
  const edges = Array.from({ length: MELS + 2 }, (_, i) => hz((top * i) / (MELS + 1)));
  return new Map(
    frames.map((frame) => {
      const power = Array.from({ length: 201 }, (_, bin) => {
        let re = 0;
        let im = 0;
        for (let n = 0; n < 400; n++) {
          const sample = at(frame * 160 - 200 + n) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 400));
          re += sample * Math.cos((2 * Math.PI * bin * n) / 400);
          im -= sample * Math.sin((2 * Math.PI * bin * n) / 400);
        }
        return re * re + im * im;
      });
      const levels = Array.from({ length: MELS }, (_, mel) => {
        const [low, middle, high] = edges.slice(mel, mel + 3) as [number, number, number];
        const energy = power.reduce((sum, p, bin) => {
          const f = bin * 40;
          const height = Math.max(0, Math.min((f - low) / (middle - low), (high - f) / (high - middle)));
          return sum + (p * height * 2) / (high - low);
        }, 0);
        return Math.log10(Math.max(1e-10, energy));
      });
      return [frame, levels];
    }),
  );
}

const never = () => false;

describe("log-mel features", () => {
  const sounds: [what: string, make: () => Promise<Int16Array> | Int16Array][] = [
    ["a sentence, padded", () => speechClip("I would like to book a table for two, please.")],
    ["exactly 8 s", () => noise(8_000, 16_000, -20)],
    ["more than 8 s: the last of it", () => noise(9_000, 16_000, -30, 3)],
    ["one sample", () => Int16Array.of(20_000)],
    ["an odd length", () => noise(1_234.5, 16_000, -12, 5)],
  ];
  it.each(sounds)("are what the formula gives for %s", async (_what, make) => {
    const samples = await make();
    const features = (await logMel(samples, never)) as Float32Array;
    expect(features).toHaveLength(MELS * FRAMES);
    const edge = FRAMES - Math.floor(samples.length / 160);
    const near = [-4, -3, -2, -1, 0, 1, 2].map((i) => edge + i).filter((frame) => frame > 5 && frame < FRAMES - 2);
    const frames = [...new Set([0, 1, 2, 3, 4, 5, ...near, 400, 700, 790, 798, 799])];
    const loudest = Math.max(...features) * 4 - 4;
    for (const [frame, levels] of byTheBook(samples, frames))
      for (const [mel, level] of levels.entries()) {
        const expected = (Math.max(level, loudest - 8) + 4) / 4;
        expect(Math.abs(features[mel * FRAMES + frame]! - expected), `frame ${frame}, band ${mel}`).toBeLessThan(1e-3);
      }
  });

  it("of silence are all alike", async () => {
    for (const samples of [silence(2_000), new Int16Array(0)])
      expect(new Set(await logMel(samples, never))).toEqual(new Set([-1.5]));
  });

  it("are given up in between", async () => {
    let asked = 0;
    expect(await logMel(noise(8_000), () => ++asked === 3)).toBeNull();
    expect(asked).toBe(3);
  });
});
