import fc from "fast-check";
import { expect, it } from "vitest";
import { fileFormat, PcmReader } from "./pcm.ts";

it("gives the same samples however the bytes are cut", () => {
  const cuts = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 30 });
  fc.assert(
    fc.property(cuts, (pieces) => {
      const reader = new PcmReader();
      const samples = pieces.flatMap((piece) => [...reader.read(piece)]);
      const whole = Buffer.concat(pieces);
      const expected = Array.from({ length: Math.floor(whole.length / 2) }, (_, i) => whole.readInt16LE(i * 2));
      expect(samples).toEqual(expected);
    }),
  );
});

it("knows a file by its first bytes", () => {
  expect(fileFormat(Buffer.from("RIFF\x24\x00"))).toBe("WAV");
  expect(fileFormat(Buffer.from("ID3\x04"))).toBe("MP3");
  expect(fileFormat(new Uint8Array(8))).toBeUndefined();
});
