import { applyGain } from "@parley/audio";
import type { EchoCanceller, NoiseFilter } from "@parley/engine";

const SAMPLES_PER_MS = 16;
const KEPT_MS = 2_000;

export interface FakeEchoCancellerOptions {
  /** The echo that it takes out: this much later, at this gain. */
  delayMs: number;
  gain: number;
}

/** Streams that are not closed. */
interface Counted {
  readonly openStreams: number;
}

/** Knows the echo, and takes it out to the sample. */
export function fakeEchoCanceller({ delayMs, gain }: FakeEchoCancellerOptions): EchoCanceller & Counted {
  let openStreams = 0;
  return {
    name: "fake/echo-canceller",
    get openStreams() {
      return openStreams;
    },
    open() {
      const played = new Int16Array(KEPT_MS * SAMPLES_PER_MS);
      const at = (ms: number) => Math.round(ms * SAMPLES_PER_MS);
      const place = (sample: number) => ((sample % played.length) + played.length) % played.length;
      let untilMs = 0;
      let closed = false;
      openStreams++;
      return {
        plays(frame, atMs) {
          for (let i = 0; i < frame.length; i++) played[place(at(atMs) + i)] = frame[i]!;
          untilMs = Math.max(untilMs, atMs + frame.length / SAMPLES_PER_MS);
        },
        cleared(atMs) {
          for (let sample = at(atMs); sample < at(untilMs); sample++) played[place(sample)] = 0;
          untilMs = Math.min(untilMs, atMs);
        },
        process(frame, atMs) {
          const clean = frame.slice();
          for (let i = 0; i < clean.length; i++) clean[i]! -= gain * played[place(at(atMs - delayMs) + i)]!;
          return clean;
        },
        close() {
          if (!closed) openStreams--;
          closed = true;
        },
      };
    },
  };
}

/** Makes everything quieter by `gain`; throws from the frame `failsAt` on. */
export function fakeNoiseFilter(options: { gain?: number; failsAt?: number } = {}): NoiseFilter & Counted {
  const { gain = 1, failsAt = Number.POSITIVE_INFINITY } = options;
  let openStreams = 0;
  return {
    name: "fake/noise-filter",
    get openStreams() {
      return openStreams;
    },
    open() {
      let frames = 0;
      let closed = false;
      openStreams++;
      return {
        process(frame) {
          if (frames++ >= failsAt) throw new Error("the filter broke");
          return applyGain(frame, gain);
        },
        close() {
          if (!closed) openStreams--;
          closed = true;
        },
      };
    },
  };
}
