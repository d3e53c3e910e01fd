import { encodeWav, rms } from "@parley/audio";
import { mp3Of, tone } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { MOST_SOUND_MS, SOUND_BODY_BYTES, soundOf } from "./decode.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const secondsOf = (samples: Int16Array) => samples.length / 16_000;
const problem = (status: number, code: string) => expect.objectContaining({ status, code });

describe("sound in a request", () => {
  it("is a WAV file of any rate", async () => {
    const samples = await soundOf({ audio_data: base64(encodeWav(tone(1_500, 44_100, 300, -15), 44_100)) }, 16_000);
    expect(secondsOf(samples)).toBe(1.5);
    expect(rms(samples)).toBeGreaterThan(1_000);
  });

  it("is an MP3 file", async () => {
    const made = mp3Of(tone(1_400, 44_100, 300, -15), 44_100);
    const samples = await soundOf({ audio_data: base64(made) }, 16_000);
    expect(secondsOf(samples)).toBeGreaterThan(1.3);
    expect(secondsOf(samples)).toBeLessThan(1.6);
    expect(rms(samples)).toBeGreaterThan(1_000);
  });

  it("is raw PCM of the rate that is named", async () => {
    const raw = tone(1_000, 8_000, 300, -15);
    const audio_data = base64(new Uint8Array(raw.buffer));
    expect(secondsOf(await soundOf({ audio_data, sample_rate: 8_000 }, 16_000))).toBe(1);
    await expect(soundOf({ audio_data }, 16_000)).rejects.toEqual(problem(422, "sound-not-understood"));
  });

  it.each([
    ["no base64", { audio_data: "hello there!" }],
    ["text", { audio_data: base64(Buffer.from("x".repeat(50_000))) }],
    ["a WAV file without sound", { audio_data: base64(encodeWav(new Int16Array(0), 16_000)) }],
    [
      "a WAV file that is cut off in its head",
      { audio_data: base64(encodeWav(tone(100, 16_000, 300, -15), 16_000)).slice(0, 40) },
    ],
    ["a single byte", { audio_data: "AA==", sample_rate: 16_000 }],
  ])("that is %s is refused", async (_, body) => {
    await expect(soundOf(body, 16_000)).rejects.toEqual(problem(422, "sound-not-understood"));
  });

  it("may last a minute, in whatever form it comes", async () => {
    const long = new Int16Array((MOST_SOUND_MS / 1000) * 8_000 + 8_000);
    for (const body of [
      { audio_data: base64(encodeWav(long, 8_000)) },
      { audio_data: base64(new Uint8Array(long.buffer)), sample_rate: 8_000 },
      { audio_data: base64(mp3Of(long, 8_000)) },
    ])
      await expect(soundOf(body, 16_000)).rejects.toEqual(problem(413, "sound-too-long"));
    expect(secondsOf(await soundOf({ audio_data: base64(encodeWav(long.subarray(8_000), 8_000)) }, 16_000))).toBe(60);
  });

  it("may have eight megabytes, and a request takes them", async () => {
    const most = base64(new Uint8Array(8 * 1024 * 1024));
    expect(most.length).toBeLessThan(SOUND_BODY_BYTES);
    await expect(soundOf({ audio_data: `${most.slice(0, -4)}AAAAAAAA` }, 16_000)).rejects.toEqual(
      problem(413, "sound-too-large"),
    );
  });
});
