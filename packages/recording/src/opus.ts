import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** As far as it is used here; sound goes in and out as 16-bit samples, the channels in turn. */
interface OpusCoder {
  /** `value` is left out for what has none. Throws an Error for what the codec does not know. */
  ctl(request: number, value?: number): number;
  /** Gives its memory back; nothing else may be called after that. */
  drop(): void;
}
export interface OpusEncoder extends OpusCoder {
  /** The result is the codec's own memory, used again for the next. */
  encode(frame: Int16Array): Uint8Array;
}
export interface OpusDecoder extends OpusCoder {
  decode(packet: Uint8Array): Uint8Array;
}

/** Requests of opus_defines.h (libopus 1.3). */
export const OPUS = { setBitrate: 4002, setComplexity: 4010, setSignal: 4024, resetState: 4028, voice: 3001 } as const;

/**
 * libopus as WebAssembly. The same package brings native code too; that one ends the process with a segmentation fault when
 * it is loaded in a thread that is not the first, and recordings are encoded in one.
 */
export function loadOpus(): {
  Encoder: new (options: { channels: number; sample_rate: number; application: "voip" }) => OpusEncoder;
  Decoder: new (options: { channels: number; sample_rate: number }) => OpusDecoder;
} {
  return require("@evan/opus/wasm/index.js");
}
