import { CHANNELS, RATE_HZ, SILENCE } from "./format.ts";
import type { SegmentInfo } from "./head.ts";
import { loadOpus, OPUS, type OpusEncoder } from "./opus.ts";
import { SegmentWriter } from "./segment-writer.ts";

const BITRATE = 32_000;
const COMPLEXITY = 5;
/** After so much of it nothing is left in the encoder of what sounded before: silence is written, not encoded. */
const QUIET_FRAMES = 5;

/** Sound to the bytes of a recording's file. */
export class SegmentEncoder {
  readonly #writer: SegmentWriter;
  readonly #opus: OpusEncoder;
  #quietFrames = 0;

  constructor(info: SegmentInfo) {
    const { Encoder } = loadOpus();
    this.#opus = new Encoder({ channels: CHANNELS, sample_rate: RATE_HZ, application: "voip" });
    this.#opus.ctl(OPUS.setBitrate, BITRATE);
    this.#opus.ctl(OPUS.setComplexity, COMPLEXITY);
    this.#opus.ctl(OPUS.setSignal, OPUS.voice);
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

  /** The last page; nothing can be pushed after it. */
  end(): Uint8Array<ArrayBuffer> {
    this.#opus.drop();
    return this.#writer.end();
  }

  #packet(frame: Int16Array): Uint8Array {
    if (frame.some((sample) => sample !== 0)) {
      if (this.#quietFrames > QUIET_FRAMES) this.#opus.ctl(OPUS.resetState);
      this.#quietFrames = 0;
    } else if (++this.#quietFrames > QUIET_FRAMES) {
      return SILENCE;
    }
    // The encoder uses its memory again.
    return this.#opus.encode(frame).slice();
  }
}
