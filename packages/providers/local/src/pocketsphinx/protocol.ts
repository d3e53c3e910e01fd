import type { ModelFiles } from "./model-files.ts";

/**
 * What Parley and a decoder process say to each other. To the process, on its standard input: frames of
 * `u32 length, u8 kind, u32 utterance, u16 slot, payload` (little-endian; length is the payload's). From it, on its
 * standard output: one JSON object a line. Two programs speak it: `decoder-child.ts` and `decoder_child.py`.
 */
export const FRAME_HEADER_BYTES = 11;
/** Largest payload that either side takes: far above 100 ms of sound or a model's paths. */
export const MAX_PAYLOAD_BYTES = 1 << 20;

export const FRAME_KINDS = {
  /** JSON of LoadRequest: a decoder for this slot, in place of the one it had. */
  load: 1,
  /** An utterance begins in this slot. */
  start: 2,
  /** Its sound: 16 kHz mono, 16 bit. */
  audio: 3,
  /** No more sound: answer. */
  finish: 4,
  /** Forget it, and say when the slot is idle. */
  cancel: 5,
} as const;
export type FrameKind = keyof typeof FRAME_KINDS;

export interface LoadRequest {
  /** Folder of the acoustic model. */
  acousticModel: string;
  dictionary: string;
  search: ModelFiles["search"];
}

/** A stretch of the utterance, in frames of 10 ms, both ends included. */
export interface Segment {
  word: string;
  start: number;
  end: number;
  /** Natural logarithm of its posterior probability. */
  logProb: number;
}

export const SEGMENT_FRAME_MS = 10;

export type DecoderReply =
  | { type: "ready" }
  | { type: "loaded"; slot: number }
  | { type: "load-failed"; slot: number; why: string }
  | { type: "idle"; slot: number; utterance: number }
  | { type: "interim"; utterance: number; text: string }
  | { type: "final"; utterance: number; segments: Segment[] };

export function encodeFrame(kind: FrameKind, utterance: number, slot: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint8(4, FRAME_KINDS[kind]);
  view.setUint32(5, utterance, true);
  view.setUint16(9, slot, true);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

export interface Frame {
  kind: FrameKind;
  utterance: number;
  slot: number;
  payload: Uint8Array;
}

const KIND_NAMES = new Map(Object.entries(FRAME_KINDS).map(([name, value]) => [value as number, name as FrameKind]));

/** Cuts a stream of bytes into frames. Throws an Error on bytes that cannot be one. */
export function frameReader(onFrame: (frame: Frame) => void): (chunk: Uint8Array) => void {
  let rest: Uint8Array = new Uint8Array(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : concat(rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const length = view.getUint32(at, true);
      const kind = KIND_NAMES.get(view.getUint8(at + 4));
      if (kind === undefined || length > MAX_PAYLOAD_BYTES)
        throw new Error("The decoder's input is not made of frames");
      if (bytes.length - at < FRAME_HEADER_BYTES + length) break;
      // A copy of its own: sound is read as 16-bit numbers, which must begin at an even place.
      const payload = new Uint8Array(bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length));
      onFrame({ kind, utterance: view.getUint32(at + 5, true), slot: view.getUint16(at + 9, true), payload });
      at += FRAME_HEADER_BYTES + length;
    }
    rest = new Uint8Array(bytes.subarray(at));
  };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** Cuts a stream of text into replies; a line that is none is left out (a library may print). */
export function replyReader(onReply: (reply: DecoderReply) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) {
      let reply: DecoderReply | undefined;
      try {
        reply = JSON.parse(line) as DecoderReply;
      } catch {
        continue;
      }
      if (typeof reply === "object" && reply !== null && typeof reply.type === "string") onReply(reply);
    }
  };
}
