import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { concat } from "@parley/audio";
import { ParleyError, type VadStream } from "@parley/engine";
import { mix, noise, silence, speechClip } from "@parley/testkit";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { sileroVad } from "./vad.ts";

const vad = sileroVad();
afterAll(() => vad.close());

/** Pushes 20 ms frames and resolves with the probability of each whole window. */
function probabilities(sound: Int16Array, stream: VadStream = vad.open()): Promise<number[]> {
  const windows = Math.floor(sound.length / 512);
  const heard: number[] = [];
  const frame = new Int16Array(320);
  return new Promise((resolve) => {
    if (windows === 0) resolve(heard);
    for (let at = 0; at < sound.length; at += 320) {
      const piece = sound.subarray(at, at + 320);
      frame.set(piece);
      // One buffer for all frames, as a transport does it.
      stream.push(piece.length === 320 ? frame : piece, (probability) => {
        heard.push(probability);
        if (heard.length === windows) resolve(heard);
      });
    }
  });
}

const share = (values: number[]) => values.filter((p) => p > 0.5).length / Math.max(1, values.length);

describe("sileroVad", () => {
  it.each(["slt", "rms"] as const)("hears real speech (%s) where it is and nowhere else", async (voice) => {
    const speech = await speechClip("I would like to book a table for four people tomorrow evening.", { voice });
    const heard = await probabilities(concat([silence(1000), speech, silence(1000)]));
    const from = Math.floor(16_000 / 512);
    const to = from + Math.floor(speech.length / 512);
    expect(share(heard.slice(0, from))).toBe(0);
    expect(share(heard.slice(from + 4, to - 10))).toBeGreaterThan(0.9);
    expect(share(heard.slice(to + 6))).toBe(0);
  });

  it("does not take silence or noise of any level for speech", async () => {
    expect(Math.max(...(await probabilities(silence(2000))))).toBeLessThan(0.1);
    for (const db of [-60, -40, -20]) expect(share(await probabilities(noise(2000, 16_000, db)))).toBe(0);
  });

  it("hears speech over noise", async () => {
    const speech = await speechClip("Could you tell me your opening hours please?");
    const heard = await probabilities(mix(speech, noise(2000, 16_000, -38)));
    expect(share(heard)).toBeGreaterThan(0.6);
  });

  it("gives each of many streams at once exactly what it gives one alone", async () => {
    const clips = await Promise.all(
      ["Yes.", "Where is my order?", "Thank you very much, goodbye."].map((text) => speechClip(text)),
    );
    const sounds = [...clips, noise(1500, 16_000, -30), silence(700), concat([silence(333), clips[1]!])];
    const alone: number[][] = [];
    for (const sound of sounds) alone.push(await probabilities(sound));
    const together = await Promise.all(sounds.map((sound) => probabilities(sound)));
    for (const [i, expected] of alone.entries()) {
      expect(together[i]).toHaveLength(expected.length);
      for (const [window, probability] of expected.entries()) {
        expect(together[i]![window]).toBeCloseTo(probability, 4);
      }
    }
  });

  it("gives the same whatever the length of the frames", async () => {
    const speech = await speechClip("Where is my order?");
    const expected = await probabilities(speech);
    for (const chunk of [160, 512, 777, speech.length]) {
      const stream = vad.open();
      const heard: number[] = [];
      await new Promise<void>((resolve) => {
        for (let at = 0; at < speech.length; at += chunk) {
          stream.push(speech.subarray(at, at + chunk), (probability) => {
            if (heard.push(probability) === expected.length) resolve();
          });
        }
      });
      expect(heard).toEqual(expected);
    }
  });

  it("warms, and warms again", async () => {
    await vad.warm();
    await vad.warm();
    expect(vad.failure).toBeNull();
  });
});

describe("sileroVad without a model that works", () => {
  it.each([
    ["missing", async () => path.join(tmpdir(), "no-such-model.onnx")],
    [
      "garbage",
      async () => {
        const file = path.join(tmpdir(), `parley-garbage-${process.pid}.onnx`);
        await writeFile(file, "this is not a model");
        onTestFinished(() => rm(file, { force: true }));
        return file;
      },
    ],
  ])("says so on warm and judges by loudness: %s", async (_, file) => {
    const modelPath = await file();
    const told: ParleyError[] = [];
    const broken = sileroVad({ modelPath, onFallback: (error) => told.push(error) });
    const stream = broken.open();
    const early = probabilities(concat([silence(1024), noise(1024, 16_000, -20)]), stream);
    const error = await broken.warm().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ParleyError);
    expect(error.code).toBe("vad-model-failed");
    expect(error.message).toContain(modelPath);
    expect(error.message).toContain("npm install");
    expect(told).toEqual([error]);
    for (const heard of [await early, await probabilities(concat([silence(1024), noise(1024, 16_000, -20)]), stream)]) {
      expect(share(heard.slice(0, 32))).toBe(0);
      expect(share(heard.slice(32))).toBe(1);
    }
    await broken.close();
  });
});
