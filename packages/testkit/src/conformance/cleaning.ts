import { rms } from "@parley/audio";
import type { EchoCanceller, EchoCancellerStream, NoiseFilter } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { speechClip } from "../speech/clip.ts";
import { mix, noise, silence } from "../speech/sounds.ts";

const FRAME = 320;
const FRAME_MS = 20;
const SAMPLES_PER_MS = 16;

export interface EchoCancellerConformanceOptions {
  /** The echo of the suite. Default 120 ms later, -20 dB. */
  delayMs?: number;
  gain?: number;
  /** How long it may take to learn it. Default 2 s. */
  learnsMs?: number;
}

/** What every EchoCanceller owes its caller: the docstrings of packages/engine/src/ports/cleaning.ts as tests. */
export function echoCancellerConformance(
  name: string,
  make: () => EchoCanceller | Promise<EchoCanceller>,
  { delayMs = 120, gain = 0.1, learnsMs = 2_000 }: EchoCancellerConformanceOptions = {},
) {
  describe(`${name} is an EchoCanceller`, { timeout: 60_000 }, () => {
    let canceller: EchoCanceller;
    let far: Int16Array;
    beforeEach(async () => {
      canceller = await make();
      await canceller.warm?.();
      far = await speechClip("We have rooms with a view of the harbour, and some with a view of the garden behind it.");
    });
    afterEach(() => canceller.close?.());

    const echoOf = (sound: Int16Array) => {
      const echo = new Int16Array(sound.length);
      for (let i = delayMs * SAMPLES_PER_MS; i < echo.length; i++)
        echo[i] = Math.round(sound[i - delayMs * SAMPLES_PER_MS]! * gain);
      return echo;
    };
    /** The agent plays `played` while the microphone sends `heard`. */
    const through = (stream: EchoCancellerStream, played: Int16Array, heard: Int16Array): Int16Array => {
      const out = new Int16Array(heard.length);
      for (let at = 0; at + FRAME <= heard.length; at += FRAME) {
        const atMs = at / SAMPLES_PER_MS;
        stream.plays(played.slice(at, at + FRAME), atMs);
        const clean = stream.process(heard.slice(at, at + FRAME), atMs);
        expect(clean).toHaveLength(FRAME);
        out.set(clean, at);
      }
      return out;
    };

    it("says what it is, closes twice, and streams do not know of each other", () => {
      expect(canceller.name).not.toBe("");
      const [one, other] = [canceller.open(), canceller.open()];
      one.plays(far.slice(0, FRAME), 0);
      one.close();
      one.close();
      expect(other.process(new Int16Array(FRAME), FRAME_MS)).toEqual(new Int16Array(FRAME));
      other.close();
    });

    it("takes out at least 6 dB of an echo, once it has heard some of it", () => {
      const stream = canceller.open();
      const heard = echoOf(far);
      const clean = through(stream, far, heard);
      const late = learnsMs * SAMPLES_PER_MS;
      expect(rms(heard.subarray(late))).toBeGreaterThan(50);
      expect(rms(clean.subarray(late))).toBeLessThan(rms(heard.subarray(late)) / 2);
      stream.close();
    });

    it("leaves a person alone, with and without an echo underneath", async () => {
      const near = (await speechClip("Hold on please, I have another question.")).slice(0, far.length);
      for (const played of [silence(far.length / SAMPLES_PER_MS), far]) {
        const stream = canceller.open();
        const line = mix(near, echoOf(played).slice(0, near.length));
        const clean = through(stream, played, line.slice(0, near.length - (near.length % FRAME)));
        expect(rms(clean)).toBeGreaterThan(rms(near) / 2);
        expect(rms(clean)).toBeLessThan(rms(near) * 1.5);
        stream.close();
      }
    });
  });
}

/** What every NoiseFilter owes its caller. */
export function noiseFilterConformance(name: string, make: () => NoiseFilter | Promise<NoiseFilter>) {
  describe(`${name} is a NoiseFilter`, { timeout: 60_000 }, () => {
    let filter: NoiseFilter;
    beforeEach(async () => {
      filter = await make();
      await filter.warm?.();
    });
    afterEach(() => filter.close?.());

    it("gives as many samples as it takes, whatever the length of the frames, and closes twice", () => {
      expect(filter.name).not.toBe("");
      const stream = filter.open();
      for (const length of [160, 320, 512, 1001])
        expect(stream.process(noise(length / 16).slice(0, length))).toHaveLength(length);
      stream.close();
      stream.close();
    });

    it("lets speech through", async () => {
      const speech = await speechClip("I would like to book a table for two, please.");
      const stream = filter.open();
      let squares = 0;
      for (let at = 0; at + FRAME <= speech.length; at += FRAME)
        squares += rms(stream.process(speech.slice(at, at + FRAME))) ** 2;
      expect(Math.sqrt(squares / Math.floor(speech.length / FRAME))).toBeGreaterThan(rms(speech) / 4);
      stream.close();
    });
  });
}
