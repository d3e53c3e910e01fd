import { createRequire } from "node:module";
import type { Encoder } from "@evan/opus";
import { CHANNELS, RATE_HZ, SILENCE } from "./format.ts";
import type { SegmentInfo } from "./head.ts";
import { SegmentWriter } from "./segment-writer.ts";

const require = createRequire(import.meta.url);

const BITRATE = 32_000;
const COMPLEXITY = 5;
/** After so much of it nothing is left in the encoder of what sounded before: silence is written, not encoded. */
const QUIET_FRAMES = 5;

/** Sound to the bytes of a recording's file. */
export class SegmentEncoder {
  readonly #writer: SegmentWriter;
  readonly #opus: Encoder;
  #quietFrames = 0;

  constructor(info: SegmentInfo) {
    // Native code, or WebAssembly where there is none; loaded with the first recording.
    const opus: { Encoder: typeof Encoder } = require("@evan/opus");
    this.#opus = new opus.Encoder({ channels: CHANNELS, sample_rate: RATE_HZ, application: "voip" });
    this.#opus.bitrate = BITRATE;
    this.#opus.complexity = COMPLEXITY;
    this.#opus.signal = "voice";
    this.#writer = new SegmentWriter(info);
  }

  /** What the file begins with. */
  head(): Uint8Array<ArrayBuffer> {
    return this.#writer.head();
  }

  /** The next 20 ms, left and right in turn, 16 kHz. A page to append, now and then. */
  push(frame: Int16Array): Uint8Array<ArrayBuffer> | null {
    return this.#writer.push(this.#packet(frame));
  }

  /** The last page. */
  end(): Uint8Array<ArrayBuffer> {
    return this.#writer.end();
  }

  #packet(frame: Int16Array): Uint8Array {
    if (frame.some((sample) => sample !== 0)) {
      if (this.#quietFrames > QUIET_FRAMES) this.#opus.reset();
      this.#quietFrames = 0;
    } else if (++this.#quietFrames > QUIET_FRAMES) {
      return SILENCE;
    }
    // The encoder uses its memory again.
    return this.#opus.encode(frame).slice();
  }
}
