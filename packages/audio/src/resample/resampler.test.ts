import { describe, expect, it } from "vitest";
import { concat } from "../concat.ts";
import { peak, rms, toDb } from "../levels.ts";
import { Resampler, resample } from "./resampler.ts";

const RATES: [number, number][] = [
  [48_000, 16_000],
  [24_000, 48_000],
  [16_000, 48_000],
  [44_100, 16_000],
  [22_050, 48_000],
  [8_000, 16_000],
  [48_000, 8_000],
];

function sine(hz: number, rate: number, length: number, amplitude = 20_000): Int16Array {
  return Int16Array.from({ length }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / rate)));
}

/** Signal to everything else, against the ideal sine at the output's own times: also wrong phase or length counts. */
function sineSnrDb(out: Int16Array, hz: number, rate: number, amplitude = 20_000): number {
  const margin = Math.floor(rate / 50);
  let signal = 0;
  let noise = 0;
  for (let i = margin; i < out.length - margin; i++) {
    const ideal = amplitude * Math.sin((2 * Math.PI * hz * i) / rate);
    signal += ideal * ideal;
    noise += (out[i]! - ideal) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

function inChunks(samples: Int16Array, sizes: readonly number[], resampler: Resampler): Int16Array {
  const chunks: Int16Array[] = [];
  for (let at = 0, turn = 0; at < samples.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    chunks.push(resampler.push(samples.subarray(at, at + size)));
    at += size;
  }
  return concat([...chunks, resampler.flush()]);
}

describe("Resampler", () => {
  it.each(RATES)("keeps a sine above 60 dB, in step with the input: %i -> %i Hz", (from, to) => {
    for (const hz of [200, 1000, 3000]) {
      const out = resample(sine(hz, from, from), from, to);
      expect(sineSnrDb(out, hz, to)).toBeGreaterThan(60);
    }
  });

  it.each(RATES)("gives the same samples in chunks as at once: %i -> %i Hz", (from, to) => {
    const input = sine(440, from, 12_345);
    const streamed = inChunks(input, [1, 441, 0, 960, 7, 5000], new Resampler(from, to));
    expect(streamed).toEqual(resample(input, from, to));
  });

  it.each(RATES)("does not drift: a minute of 20 ms frames has its exact length: %i -> %i Hz", (from, to) => {
    const resampler = new Resampler(from, to);
    const frame = new Int16Array(from / 50);
    let length = 0;
    for (let i = 0; i < 3000; i++) {
      length += resampler.push(frame).length;
      const exact = ((i + 1) * frame.length * to) / from;
      expect(exact - length).toBeGreaterThanOrEqual(0);
      expect(exact - length).toBeLessThanOrEqual((resampler.delayMs * to) / 1000 + 1);
    }
    expect(length + resampler.flush().length).toBe(Math.ceil((3000 * frame.length * to) / from));
  });

  it("removes what the lower rate cannot hold, rather than folding it back", () => {
    const out = resample(sine(10_000, 48_000, 48_000), 48_000, 16_000);
    expect(toDb(rms(out.subarray(400, -400)))).toBeLessThan(-70);
  });

  it("passes a constant unchanged and saturates instead of wrapping", () => {
    const loud = new Int16Array(4410).fill(32_767);
    for (let i = 0; i < loud.length; i++) if (Math.floor(i / 40) % 2) loud[i] = -32_768;
    const out = resample(loud, 44_100, 48_000);
    expect(peak(out)).toBeLessThanOrEqual(32_768);
    // A wrapped overshoot would turn up as a jump across the whole range between two neighbours of one half wave.
    for (let i = 60; i < out.length - 60; i++) expect(Math.abs(out[i]! - out[i - 1]!)).toBeLessThan(60_000);
    const flat = resample(new Int16Array(4410).fill(1234), 44_100, 16_000);
    expect([...flat.subarray(100, -100)].every((sample) => sample === 1234)).toBe(true);
  });

  it("passes equal rates through, into memory of the receiver's own", () => {
    const resampler = new Resampler(16_000, 16_000);
    const frame = sine(440, 16_000, 320);
    const out = resampler.push(frame);
    expect(out).toEqual(frame);
    frame.fill(0);
    expect(rms(out)).toBeGreaterThan(1000);
    expect(resampler.flush()).toHaveLength(0);
    expect(resampler.delayMs).toBe(0);
  });

  it("is as new after a flush, and gives nothing for nothing", () => {
    const resampler = new Resampler(24_000, 16_000);
    expect(resampler.flush()).toHaveLength(0);
    const input = sine(300, 24_000, 2400);
    const first = concat([resampler.push(input), resampler.flush()]);
    expect(concat([resampler.push(input), resampler.flush()])).toEqual(first);
    expect(resampler.push(new Int16Array(0))).toHaveLength(0);
  });

  it("says what is wrong with a rate", () => {
    expect(() => new Resampler(0, 16_000)).toThrow(/whole number of Hz/);
    expect(() => new Resampler(48_000.5, 16_000)).toThrow(/48000.5/);
    expect(() => new Resampler(Number.NaN, 16_000)).toThrow(RangeError);
    expect(() => new Resampler(47_999, 44_101)).toThrow(/common rates/);
  });
});
