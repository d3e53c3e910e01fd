import { describe, expect, it } from "vitest";
import { decodeWav } from "./decode.ts";
import { encodeWav } from "./encode.ts";
import { AudioFormatError } from "./error.ts";

interface Parts {
  coding?: number;
  channels?: number;
  rate?: number;
  bits?: number;
  data: number[];
  extensible?: boolean;
  extraChunk?: boolean;
  dataSize?: number;
  riffSize?: number;
}

/** A WAV file by hand, odd ones too. `data` is its bytes. */
function wav(parts: Parts): Uint8Array {
  const { coding = 1, channels = 1, rate = 16_000, bits = 16, data } = parts;
  const u16 = (n: number) => [n & 255, (n >> 8) & 255];
  const u32 = (n: number) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, (n >>> 24) & 255];
  const text = (s: string) => [...s].map((c) => c.charCodeAt(0));
  const block = (bits / 8) * channels;
  const common = [...u16(channels), ...u32(rate), ...u32(rate * block), ...u16(block), ...u16(bits)];
  const guidRest = [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];
  const fmt = parts.extensible
    ? [...u16(0xfffe), ...common, ...u16(22), ...u16(bits), ...u32(0), ...u16(coding), ...guidRest]
    : [...u16(coding), ...common];
  // A chunk of odd length is padded: a reader that forgets it loses its place.
  const extra = parts.extraChunk ? [...text("LIST"), ...u32(3), 1, 2, 3, 0] : [];
  const body = [
    ...text("WAVE"),
    ...text("fmt "),
    ...u32(fmt.length),
    ...fmt,
    ...extra,
    ...text("data"),
    ...u32(parts.dataSize ?? data.length),
    ...data,
  ];
  return Uint8Array.from([...text("RIFF"), ...u32(parts.riffSize ?? body.length), ...body]);
}

const le = (values: number[]) => values.flatMap((v) => [v & 255, (v >> 8) & 255]);
const floats = (values: number[]) => [...new Uint8Array(Float32Array.from(values).buffer)];

describe("decodeWav", () => {
  it("reads what encodeWav writes", () => {
    const samples = Int16Array.of(0, 1, -1, 32_767, -32_768, 1234);
    const decoded = decodeWav(encodeWav(samples, 24_000));
    expect(decoded.samples).toEqual(samples);
    expect(decoded.sampleRateHz).toBe(24_000);
    expect(decodeWav(encodeWav(new Int16Array(0), 8000)).samples).toHaveLength(0);
  });

  it("reads a file that is a view in the middle of other bytes", () => {
    const file = encodeWav(Int16Array.of(5, 6, 7), 16_000);
    const larger = new Uint8Array(file.length + 8).fill(9);
    larger.set(file, 3);
    expect([...decodeWav(larger.subarray(3, 3 + file.length)).samples]).toEqual([5, 6, 7]);
  });

  it("mixes channels to one", () => {
    expect([...decodeWav(wav({ channels: 2, data: le([100, 300, -50, -150]) })).samples]).toEqual([200, -100]);
  });

  it("reads 8, 24 and 32-bit PCM and float, saturating", () => {
    expect([...decodeWav(wav({ bits: 8, data: [128, 255, 0] })).samples]).toEqual([0, 32_512, -32_768]);
    expect([...decodeWav(wav({ bits: 24, data: [0, 1, 0, 0, 0, 0x80] })).samples]).toEqual([1, -32_768]);
    expect([...decodeWav(wav({ bits: 32, data: [0, 0, 2, 0] })).samples]).toEqual([2]);
    const float = wav({ coding: 3, bits: 32, data: floats([0.5, -1, 2, Number.NaN]) });
    expect([...decodeWav(float).samples]).toEqual([16_384, -32_768, 32_767, 0]);
  });

  it("reads WAVE_FORMAT_EXTENSIBLE and skips chunks it does not know, padding included", () => {
    const file = wav({ coding: 3, bits: 32, extensible: true, extraChunk: true, data: floats([0.25]) });
    expect([...decodeWav(file).samples]).toEqual([8192]);
  });

  it("takes what is there when sizes are those of a stream or the file is cut", () => {
    const data = le([1, 2, 3]);
    expect([...decodeWav(wav({ data, dataSize: 0xffffffff, riffSize: 0xffffffff })).samples]).toEqual([1, 2, 3]);
    expect([...decodeWav(wav({ data, dataSize: 0, riffSize: 0 })).samples]).toEqual([1, 2, 3]);
    expect([...decodeWav(wav({ data: [...data, 7], dataSize: 5000 })).samples]).toEqual([1, 2, 3]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /empty/],
    ["two bytes", Uint8Array.of(1, 2), /only 2 bytes/],
    ["text", new TextEncoder().encode('{"error":"no such voice"}'), /is text/],
    ["MP3", Uint8Array.of(0xff, 0xfb, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0), /MP3/],
    ["Ogg", new TextEncoder().encode("OggS............"), /Ogg/],
    ["noise", Uint8Array.from({ length: 64 }, (_, i) => (i * 37) % 251), /does not begin with RIFF/],
    ["mu-law", wav({ coding: 7, bits: 8, data: [1] }), /mu-law/],
    ["12-bit PCM", wav({ bits: 12, data: [1, 2] }), /12-bit PCM/],
    ["no channels", wav({ channels: 0, data: [1, 2] }), /no channels/],
    ["a rate of 0 Hz", wav({ rate: 0, data: [1, 2] }), /0 Hz/],
    ["a file cut in its header", wav({ data: [] }).slice(0, 30), /'fmt ' chunk is cut short/],
    ["a file without sound", wav({ data: [] }).slice(0, 36), /no 'data' chunk/],
  ])("refuses %s, saying what it is and what would do", (_, bytes, message) => {
    expect(() => decodeWav(bytes)).toThrow(AudioFormatError);
    expect(() => decodeWav(bytes)).toThrow(message);
    expect(() => decodeWav(bytes)).toThrow(/16-bit PCM/);
  });

  it("never throws anything else, whatever the bytes", () => {
    const file = wav({ extraChunk: true, extensible: true, data: le([1, 2, 3]) });
    for (let at = 0; at < file.length; at++) {
      for (const value of [0, 1, 127, 255]) {
        const broken = file.slice();
        broken[at] = value;
        try {
          expect(decodeWav(broken).samples.length).toBeLessThan(100);
        } catch (error) {
          expect(error).toBeInstanceOf(AudioFormatError);
        }
      }
    }
  });
});
