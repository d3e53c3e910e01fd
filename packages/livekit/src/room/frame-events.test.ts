import { describe, expect, it } from "vitest";
import { decodeFramesQuickly, frameEvent } from "./frame-events.ts";
import { type FfiEventType, ffiEventType } from "./rtc-internals.ts";

const FfiEvent = ffiEventType()!;

const written = (value: unknown, kind = "audioStreamEvent") =>
  new FfiEvent({ message: { case: kind, value } }).toBinary();
const frame = (streamHandle: bigint, id: bigint, dataPtr: bigint, samplesPerChannel: number) => ({
  streamHandle,
  message: {
    case: "frameReceived" as const,
    value: {
      frame: { handle: { id }, info: { dataPtr, numChannels: 1, sampleRate: 16_000, samplesPerChannel } },
    },
  },
});

describe("a frame's event", () => {
  it("is read as the general decoder reads it", () => {
    for (const value of [
      frame(0n, 0n, 0n, 0),
      frame(1n, 127n, 128n, 512),
      frame(2n ** 32n, 2n ** 45n + 1n, 0x7fff_ffff_ffffn, 48_000),
    ]) {
      const bytes = written(value);
      expect(frameEvent(bytes)?.message).toEqual({ case: "audioStreamEvent", value });
      expect(FfiEvent.fromBinary(bytes).message).toMatchObject({ case: "audioStreamEvent", value });
    }
  });

  it("is left to the general decoder when it is any other event", () => {
    const eos = { streamHandle: 7n, message: { case: "eos", value: {} } };
    expect(frameEvent(written(eos))).toBeNull();
    expect(frameEvent(written({ asyncId: 4n }, "captureAudioFrame"))).toBeNull();
    expect(frameEvent(written({ roomHandle: 4n, message: { case: "eos", value: {} } }, "roomEvent"))).toBeNull();
    expect(frameEvent(written(frame(2n ** 60n, 1n, 1n, 512)))).toBeNull();
    expect(frameEvent(new Uint8Array(0))).toBeNull();
  });

  it("is left to the general decoder when a byte is missing, too many or another", () => {
    const bytes = written(frame(300n, 70_000n, 0x7f12_3456_7890n, 512));
    for (let length = 0; length < bytes.length; length++) expect(frameEvent(bytes.subarray(0, length))).toBeNull();
    expect(frameEvent(Uint8Array.of(...bytes, 0))).toBeNull();
  });

  it("is not read quickly by a version that writes it otherwise", () => {
    class Other {
      static fromBinary = FfiEvent.fromBinary;
      toBinary = () => Uint8Array.of(34, 2, 8, 1);
    }
    const { fromBinary } = Other;
    expect(decodeFramesQuickly(Other as unknown as FfiEventType)).toBe(false);
    expect(Other.fromBinary).toBe(fromBinary);
  });
});
