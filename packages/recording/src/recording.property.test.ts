import fc from "fast-check";
import { expect, it } from "vitest";
import { FRAME_MS, SILENCE } from "./format.ts";
import { joinSegments } from "./join.ts";
import { RecordingFormatError, readSegment } from "./segment.ts";
import { SegmentWriter } from "./segment-writer.ts";

/** SILK, wideband, stereo, one frame of 20 ms: what follows is the codec's business. */
const TOC = (9 << 3) | 4;
const packet = fc
  .uint8Array({ minLength: 0, maxLength: 700, size: "max" })
  .map((payload) => Uint8Array.from([TOC, ...payload]));
const segment = fc.record({
  start: fc.nat(120),
  packets: fc.array(packet, { minLength: 1, maxLength: 90, size: "max" }),
});

function fileOf(epoch: number, { start, packets }: { start: number; packets: readonly Uint8Array[] }): Buffer {
  const writer = new SegmentWriter({ callId: "c", epoch, startMs: start * FRAME_MS });
  const pages = packets.map((one) => writer.push(one)).filter((page) => page !== null);
  return Buffer.concat([writer.head(), ...pages, writer.end()]);
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) => Buffer.compare(a ?? SILENCE, b ?? SILENCE) === 0;

it("a file cut off anywhere is read as its first pages, and nothing is made up", () => {
  fc.assert(
    fc.property(segment, fc.nat(100_000), (given, at) => {
      const file = fileOf(1, given);
      const cut = file.subarray(0, at % (file.length + 1));
      let read: ReturnType<typeof readSegment>;
      try {
        read = readSegment(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(RecordingFormatError);
        return;
      }
      expect(read.packets.every((one, i) => same(one, given.packets[i]))).toBe(true);
      expect(read.complete).toBe(cut.length === file.length);
      expect(read.bytes <= cut.length && cut.length - read.bytes < 65_307).toBe(true);
    }),
    { numRuns: 500 },
  );
});

it("a byte that is altered costs what is behind it, and is never taken for sound", () => {
  fc.assert(
    fc.property(segment, fc.nat(100_000), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
      const file = fileOf(1, given);
      file[at % file.length]! ^= change;
      try {
        const { packets } = readSegment(file);
        expect(packets.every((one, i) => same(one, given.packets[i]))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(RecordingFormatError);
      }
    }),
    { numRuns: 500 },
  );
});

it("joined, every 20 ms are the latest process's that had come to them, or silence", () => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
      const files = segments.map((one, i) => fileOf(i + 1, one));
      const joined = readSegment(joinSegments([...files].reverse()).bytes);
      const read = files.map(readSegment);
      const first = Math.min(...read.map(({ startMs }) => startMs)) / FRAME_MS;
      const expected: (Uint8Array | undefined)[] = [];
      for (const { startMs, packets } of read) {
        const place = startMs / FRAME_MS - first;
        expected.length = Math.min(expected.length, place);
        packets.forEach((one, i) => {
          expected[place + i] = one;
        });
      }
      expect(joined.startMs).toBe(first * FRAME_MS);
      expect(joined.complete).toBe(true);
      // Where the last page would be empty there are 20 ms more.
      expect(joined.packets.length - expected.length).toBeLessThanOrEqual(1);
      expect(joined.packets.every((one, i) => same(one, expected[i]))).toBe(true);
    }),
    { numRuns: 500 },
  );
});
