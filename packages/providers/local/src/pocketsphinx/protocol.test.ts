import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, FRAME_KINDS, type Frame, type FrameKind, frameReader, replyReader } from "./protocol.ts";

const anyFrame = fc.record({
  kind: fc.constantFrom(...(Object.keys(FRAME_KINDS) as FrameKind[])),
  utterance: fc.nat({ max: 2 ** 32 - 1 }),
  slot: fc.nat({ max: 65_535 }),
  payload: fc.uint8Array({ maxLength: 40 }),
});

test("frames survive any cut of the stream", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 30 })), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map((f) => encodeFrame(f.kind, f.utterance, f.slot, f.payload)));
      const read: Frame[] = [];
      const reader = frameReader((frame) => read.push(frame));
      let at = 0;
      for (const size of [...cuts, bytes.length + 1]) {
        reader(bytes.subarray(at, at + size));
        at += size;
      }
      expect(read).toEqual(frames.map((frame) => ({ ...frame, payload: new Uint8Array(frame.payload) })));
    }),
  );
});

test("bytes that are no frame are refused", () => {
  const reader = frameReader(() => expect.fail("this is no frame"));
  expect(() => reader(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example\r\n"))).toThrow(/not made of frames/);
});

test("replies are lines, wherever the stream is cut; other lines are passed over", () => {
  const replies: unknown[] = [];
  const read = replyReader((reply) => replies.push(reply));
  for (const piece of ['{"type":"rea', 'dy"}\nINFO: hello\n{"a":1}\nnull\n{"type":"loaded",', '"slot":3}\n'])
    read(piece);
  expect(replies).toEqual([{ type: "ready" }, { type: "loaded", slot: 3 }]);
});
