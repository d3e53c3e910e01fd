import { Framer, rms, toDb } from "@parley/audio";
import type { Vad } from "@parley/engine";

export interface FakeVadOptions {
  /** Default 512 (32 ms). */
  windowSamples?: number;
  /** Probability of a window, `index` counting from 0 in each stream. Default: 1 above -45 dB, else 0. */
  probability?: (window: Int16Array, index: number) => number;
}

export interface FakeVad extends Vad {
  /** Streams that are not closed. */
  readonly openStreams: number;
}

const LOUD_DB = -45;

/** A Vad that takes everything loud for speech, or says what it is told to. Answers at once. */
export function fakeVad(options: FakeVadOptions = {}): FakeVad {
  const { windowSamples = 512 } = options;
  const probability = options.probability ?? ((window) => (toDb(rms(window)) > LOUD_DB ? 1 : 0));
  let openStreams = 0;
  return {
    name: "fake/vad",
    windowSamples,
    get openStreams() {
      return openStreams;
    },
    open() {
      const framer = new Framer(windowSamples);
      let index = 0;
      let closed = false;
      openStreams++;
      return {
        push(frame, onWindow) {
          if (closed) return;
          framer.push(frame, (window) => {
            if (!closed) onWindow(probability(window, index++));
          });
        },
        close() {
          if (closed) return;
          closed = true;
          openStreams--;
        },
      };
    },
    async warm() {},
    async close() {},
  };
}
