import type { FfiEvent, FfiEventType } from "./rtc-internals.ts";

/*
 * Nine of ten events of the native library say "a frame of sound has come", thirty a second for each call, and the
 * general protobuf decoder took a tenth of the event loop for them. This one knows that message only.
 */

/** Shape of an `audioStreamEvent` with a frame, as rtc-node's AudioStream reads it. */
interface FrameReceived {
  streamHandle: bigint;
  message: {
    case: "frameReceived";
    value: {
      frame: {
        handle: { id: bigint };
        info: { dataPtr: bigint; numChannels: number; sampleRate: number; samplesPerChannel: number };
      };
    };
  };
}

/** Field numbers of rtc-ffi-bindings 0.12: a tag is the number times eight, plus two for what is a message. */
const AUDIO_STREAM_EVENT = (4 << 3) | 2;
const FRAME_RECEIVED = (2 << 3) | 2;
const FRAME = (1 << 3) | 2;
const HANDLE = (1 << 3) | 2;
const INFO = (2 << 3) | 2;
const [FIRST, SECOND, THIRD, FOURTH] = [1 << 3, 2 << 3, 3 << 3, 4 << 3];

/** Null for every other event, and for one that is built in any other way: the general decoder is asked then. */
export function frameEvent(bytes: Uint8Array): FfiEvent | null {
  if (bytes[0] !== AUDIO_STREAM_EVENT) return null;
  const reader = new Reader(bytes);
  reader.enter(AUDIO_STREAM_EVENT);
  const streamHandle = reader.number(FIRST);
  reader.enter(FRAME_RECEIVED);
  reader.enter(FRAME);
  reader.enter(HANDLE);
  const id = reader.number(FIRST);
  reader.enter(INFO);
  const dataPtr = reader.number(FIRST);
  const numChannels = reader.number(SECOND);
  const sampleRate = reader.number(THIRD);
  const samplesPerChannel = reader.number(FOURTH);
  if (!reader.readAll) return null;
  const info = { dataPtr: BigInt(dataPtr), numChannels, sampleRate, samplesPerChannel };
  const value: FrameReceived = {
    streamHandle: BigInt(streamHandle),
    message: { case: "frameReceived", value: { frame: { handle: { id: BigInt(id) }, info } } },
  };
  return { message: { case: "audioStreamEvent", value } };
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** All was there, in its order, and nothing more. */
  get readAll(): boolean {
    return !this.#failed && this.#at === this.#bytes.length;
  }

  /** Into a message. Where it ends shows by what comes then. */
  enter(tag: number): void {
    this.#expect(tag);
    this.#varint();
  }

  number(tag: number): number {
    this.#expect(tag);
    return this.#varint();
  }

  #expect(tag: number): void {
    if (this.#bytes[this.#at++] !== tag) this.#failed = true;
  }

  /** Exact up to 2^53: handles and addresses are smaller. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) break;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    this.#failed = true;
    return 0;
  }
}

const SAMPLE = {
  streamHandle: 300n,
  message: {
    case: "frameReceived",
    value: {
      frame: {
        handle: { id: 70_000n },
        info: { dataPtr: 0x7f12_3456_7890n, numChannels: 1, sampleRate: 16_000, samplesPerChannel: 512 },
      },
    },
  },
};

/** Once in a process. False, and nothing is changed, when this version of the bindings writes the message otherwise. */
export function decodeFramesQuickly(type: FfiEventType): boolean {
  if (!agrees(type)) return false;
  const plain = type.fromBinary;
  type.fromBinary = (bytes, options) => frameEvent(bytes) ?? plain.call(type, bytes, options);
  return true;
}

function agrees(type: FfiEventType): boolean {
  try {
    const written = new type({ message: { case: "audioStreamEvent", value: SAMPLE } }).toBinary();
    return text(frameEvent(written)?.message.value) === text(SAMPLE);
  } catch {
    return false;
  }
}

const text = (value: unknown) => JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
