import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { strengthOf, tone } from "../../test/tone.ts";
import { decodePreConnect } from "./decode.ts";
import { webmPackets } from "./webm.ts";

/** 1.2 s of a 600 Hz tone, as Chromium's MediaRecorder streams it: no sizes on segment and clusters. */
const recording = readFileSync(new URL("./fixtures/chromium-600hz.webm", import.meta.url));
const webm = { mimeType: "audio/webm;codecs=opus", sampleRateHz: 48_000, channels: 1 };

describe("a browser's pre-connect recording", () => {
  it("becomes the sound that was recorded, at the ear's rate", () => {
    const samples = decodePreConnect(recording, webm);
    expect(samples.length / 16).toBeGreaterThan(1000);
    expect(samples.length / 16).toBeLessThan(1400);
    expect(strengthOf(600, samples.subarray(4000, 12_000), 16_000)).toBeGreaterThan(0.9);
  });

  it("gives what there is of it when it is cut", () => {
    const whole = webmPackets(recording).length;
    const half = webmPackets(recording.subarray(0, recording.length / 2)).length;
    expect(half).toBeGreaterThan(whole / 4);
    expect(half).toBeLessThan(whole);
    expect(decodePreConnect(recording.subarray(0, recording.length / 2), webm).length).toBeGreaterThan(4000);
  });

  it("is nothing when it is garbage, whatever the garbage", () => {
    expect(webmPackets(new Uint8Array(0))).toEqual([]);
    for (let seed = 1; seed < 200; seed++) {
      const bytes = Uint8Array.from({ length: 400 }, (_, i) => (Math.imul(i + 1, seed * 2_654_435_761) >>> 13) & 0xff);
      expect(() => webmPackets(bytes)).not.toThrow();
    }
  });
});

describe("a raw pre-connect recording", () => {
  it("is mixed to mono and resampled", () => {
    const mono = tone(500, 500, 48_000);
    const stereo = new Int16Array(mono.length * 2);
    for (const [i, sample] of mono.entries()) {
      stereo[2 * i] = sample * 2;
      stereo[2 * i + 1] = 0;
    }
    // An odd offset in its buffer, and one byte too many, as networks deliver it.
    const bytes = new Uint8Array(stereo.byteLength + 2);
    bytes.set(new Uint8Array(stereo.buffer), 1);
    const samples = decodePreConnect(bytes.subarray(1), { mimeType: "audio/pcm", sampleRateHz: 48_000, channels: 2 });
    expect(samples.length).toBeGreaterThan(7900);
    expect(samples.length).toBeLessThan(8100);
    expect(strengthOf(500, samples.subarray(1000, 7000), 16_000)).toBeGreaterThan(0.95);
    expect(Math.max(...samples)).toBeGreaterThan(7500);
  });

  it.each([
    { mimeType: "audio/pcm", sampleRateHz: Number.NaN, channels: 1 },
    { mimeType: "audio/pcm", sampleRateHz: 48_000, channels: 0 },
    { mimeType: "audio/mp4", sampleRateHz: 48_000, channels: 1 },
  ])("is refused when it cannot be sound: %o", (format) => {
    expect(() => decodePreConnect(new Uint8Array(100), format)).toThrow();
  });
});
