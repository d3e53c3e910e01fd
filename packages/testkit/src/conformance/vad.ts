import { concat } from "@parley/audio";
import type { Vad, VadStream } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { speechClip } from "../speech/clip.ts";
import { noise, silence } from "../speech/sounds.ts";
import { eventually, noUnhandledRejections, within } from "./checks.ts";

export interface VadConformanceOptions {
  /** The longest that the windows of a few seconds may take. Default 15 s. */
  timeoutMs?: number;
  /** How close the same sound must come to the same probability, whatever ran beside it. Default 0.001. */
  tolerance?: number;
}

/** What every Vad owes its caller: the docstrings of packages/engine/src/ports/vad.ts as tests. */
export function vadConformance(name: string, make: () => Vad | Promise<Vad>, options: VadConformanceOptions = {}) {
  const { timeoutMs = 15_000, tolerance = 0.001 } = options;

  describe(`${name} is a Vad`, { timeout: timeoutMs * 3 }, () => {
    noUnhandledRejections();
    let vad: Vad;
    let sound: Int16Array;
    beforeEach(async () => {
      vad = await make();
      await vad.warm?.();
      sound = concat([silence(600), await speechClip("I would like to book a table for two, please."), silence(800)]);
    });
    afterEach(async () => {
      await vad.close?.();
    });

    const listen = async (samples: Int16Array, chunk = 320, stream = vad.open()): Promise<number[]> => {
      const heard: number[] = [];
      pushReusing(stream, samples, chunk, (probability) => heard.push(probability));
      const windows = Math.floor(samples.length / vad.windowSamples);
      await eventually(() => heard.length >= windows, timeoutMs, `${windows} windows`);
      stream.close();
      return heard;
    };
    const expectAlike = (heard: readonly number[], expected: readonly number[]) => {
      expect(heard).toHaveLength(expected.length);
      for (const [i, probability] of expected.entries()) {
        expect(Math.abs(heard[i]! - probability), `window ${i}`).toBeLessThanOrEqual(tolerance);
      }
    };

    it("says what it is", () => {
      expect(vad.name).not.toBe("");
      expect(Number.isInteger(vad.windowSamples)).toBe(true);
      expect(vad.windowSamples).toBeGreaterThan(0);
    });

    it("gives one probability per whole window, whatever the length of the frames", async () => {
      const expected = await listen(sound);
      expect(expected).toHaveLength(Math.floor(sound.length / vad.windowSamples));
      for (const probability of expected) {
        expect(probability).toBeGreaterThanOrEqual(0);
        expect(probability).toBeLessThanOrEqual(1);
      }
      for (const chunk of [160, vad.windowSamples, 1001, sound.length])
        expectAlike(await listen(sound, chunk), expected);
    });

    it("hears speech where there is some and none in silence", async () => {
      const heard = await listen(sound);
      const at = (ms: number) => Math.floor((ms * 16) / vad.windowSamples);
      const speech = heard.slice(at(700), heard.length - at(900));
      expect(speech.filter((probability) => probability > 0.5).length / speech.length).toBeGreaterThan(0.6);
      expect(heard.slice(0, at(500)).filter((probability) => probability > 0.5)).toEqual([]);
      expect(heard.slice(heard.length - at(300)).filter((probability) => probability > 0.5)).toEqual([]);
    });

    it("keeps streams apart", async () => {
      const others = [noise(sound.length / 16, 16_000, -30), silence(sound.length / 16), sound.slice(3000)];
      const alone: number[][] = [];
      for (const samples of [sound, ...others]) alone.push(await listen(samples));
      const together = await Promise.all([sound, ...others].map((samples) => listen(samples)));
      for (const [i, expected] of alone.entries()) expectAlike(together[i]!, expected);
    });

    it("takes empty frames and the loudest there are without throwing", async () => {
      const stream = vad.open();
      stream.push(new Int16Array(0), () => {});
      stream.close();
      const extreme = new Int16Array(vad.windowSamples * 8).map((_, i) => (i % 2 ? 32_767 : -32_768));
      for (const probability of await listen(extreme)) expect(Number.isFinite(probability)).toBe(true);
    });

    it("says nothing after close, also when closed from inside, and closes twice", async () => {
      const stream = vad.open();
      let windows = 0;
      stream.push(sound, () => {
        windows++;
        stream.close();
      });
      stream.push(sound, () => windows++);
      await eventually(() => windows > 0, timeoutMs, "the first window");
      const other = vad.open();
      other.push(sound, () => {});
      other.close();
      other.close();
      let late = 0;
      other.push(sound, () => late++);
      // A stream that answers after these two closed: whatever they still had in the model has come by then.
      await listen(sound);
      expect(windows).toBe(1);
      expect(late).toBe(0);
    });

    it("closes, also twice and with streams open, which may then be used without harm", async () => {
      const stream = vad.open();
      await within(Promise.resolve(vad.close?.()), timeoutMs, "close");
      await within(Promise.resolve(vad.close?.()), timeoutMs, "close");
      stream.push(sound, () => {});
      stream.close();
    });
  });
}

/** One buffer for all frames, spoiled after each. */
function pushReusing(stream: VadStream, samples: Int16Array, chunk: number, onWindow: (p: number) => void): void {
  const buffer = new Int16Array(chunk);
  for (let at = 0; at < samples.length; at += chunk) {
    const frame = buffer.subarray(0, Math.min(chunk, samples.length - at));
    frame.set(samples.subarray(at, at + chunk));
    stream.push(frame, onWindow);
    frame.fill(32_767);
  }
}
