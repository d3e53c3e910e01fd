import { concat } from "@parley/audio";
import { describe, expect, it } from "vitest";
import { energyVad } from "./energy.ts";

const RATE_HZ = 16_000;

/** White noise of a given level; the same numbers every time. */
function noise(ms: number, db: number, seed = 1): Int16Array {
  let state = seed;
  const amplitude = 32_768 * 10 ** (db / 20) * Math.sqrt(3);
  return Int16Array.from({ length: (ms * RATE_HZ) / 1000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((state / 2 ** 31 - 1) * amplitude);
  });
}

/** Sound with the loudness of speech: syllables of 200 ms, gaps of 60 ms. */
function syllables(count: number, db: number, backgroundDb: number): Int16Array {
  return concat(
    Array.from({ length: count }, (_, i) => [noise(200, db, i + 7), noise(60, backgroundDb, i + 99)]).flat(),
  );
}

function probabilities(samples: Int16Array, frameSamples = 320): number[] {
  const stream = energyVad().open();
  const heard: number[] = [];
  for (let at = 0; at < samples.length; at += frameSamples) {
    stream.push(samples.subarray(at, at + frameSamples), (probability) => heard.push(probability));
  }
  return heard;
}

const share = (values: number[]) => values.filter((p) => p > 0.5).length / values.length;

describe("energyVad", () => {
  it("hears no speech in digital silence, in a quiet room and in a loud one, once it knows it", () => {
    expect(share(probabilities(new Int16Array(RATE_HZ)))).toBe(0);
    expect(share(probabilities(noise(5000, -60)))).toBe(0);
    expect(share(probabilities(noise(5000, -36)).slice(32))).toBe(0);
  });

  it.each([-70, -50, -40])("hears speech over a room of %i dB, and its end", (roomDb) => {
    const before = noise(2000, roomDb);
    const speech = syllables(8, roomDb < -60 ? -30 : roomDb + 20, roomDb);
    const heard = probabilities(concat([before, speech, noise(2000, roomDb, 3)]));
    const from = Math.floor(before.length / 512);
    const to = from + Math.floor(speech.length / 512);
    expect(share(heard.slice(0, from))).toBe(0);
    expect(share(heard.slice(from + 1, to))).toBeGreaterThan(0.7);
    expect(share(heard.slice(to + 2))).toBe(0);
  });

  it("hears somebody who speaks from the very first window", () => {
    expect(share(probabilities(syllables(6, -25, -60)))).toBeGreaterThan(0.7);
  });

  it("gets used to a noise that stays, within four seconds", () => {
    const heard = probabilities(concat([noise(2000, -65), noise(6000, -40, 5)]));
    expect(share(heard.slice(64, 90))).toBeGreaterThan(0.9);
    expect(share(heard.slice(-60))).toBe(0);
  });

  it("gives one probability per whole window, whatever the chunks, and keeps streams apart", () => {
    const sound = concat([noise(1000, -60), syllables(3, -20, -60)]);
    const whole = probabilities(sound, sound.length);
    expect(whole).toHaveLength(Math.floor(sound.length / 512));
    for (const chunk of [1, 160, 511, 513, 4000]) expect(probabilities(sound, chunk)).toEqual(whole);
    const vad = energyVad();
    const quiet: number[] = [];
    const [one, other] = [vad.open(), vad.open()];
    for (let at = 0; at < sound.length; at += 512) {
      one.push(sound.subarray(at, at + 512), () => {});
      other.push(new Int16Array(512), (probability) => quiet.push(probability));
    }
    expect(Math.max(...quiet)).toBe(0);
  });

  it("says nothing after close, even when closed from inside", () => {
    const stream = energyVad().open();
    let windows = 0;
    stream.push(noise(1000, -20), () => {
      windows++;
      stream.close();
    });
    stream.push(noise(1000, -20), () => windows++);
    stream.close();
    expect(windows).toBe(1);
  });

  it("refuses a window of no length", () => {
    expect(() => energyVad({ windowSamples: 0 })).toThrow(RangeError);
  });
});
