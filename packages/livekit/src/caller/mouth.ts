import { resample } from "@parley/audio";
import type { AudioOut, Clock } from "@parley/engine";

const FRAME_MS = 20;
/** What is kept queued: enough for a busy machine, little enough that a clip's times are known well. */
const AHEAD_MS = 200;

/** When a clip was spoken, by the clock that paced it. */
export interface Spoken {
  startedAt: number;
  endedAt: number;
}

/** Says clips into a track, in real time and one after the other. */
export class Mouth {
  readonly #out: AudioOut;
  readonly #clock: Clock;
  #turn: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #closed = false;

  constructor(out: AudioOut, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
  }

  /** Resolves when the last sample was played, or when it was broken off. */
  speak(samples: Int16Array, rateHz: number): Promise<Spoken> {
    const spoken = this.#turn.then(() => this.#play(resample(samples, rateHz, this.#out.sampleRateHz)));
    this.#turn = spoken;
    return spoken;
  }

  /** Falls silent at once; what is being said counts as said. */
  stop(): void {
    this.#stopped = true;
    this.#out.clear();
  }

  /** As `stop`, and for good: clips that still wait, and later ones, are not said. */
  close(): void {
    this.#closed = true;
    this.stop();
  }

  #play(samples: Int16Array): Promise<Spoken> {
    const frameSamples = (this.#out.sampleRateHz * FRAME_MS) / 1000;
    this.#stopped = this.#closed;
    return new Promise((resolve) => {
      const startedAt = this.#clock.now() + this.#out.queuedMs();
      let at = 0;
      const step = () => {
        while (!this.#stopped && at < samples.length && this.#out.queuedMs() < AHEAD_MS) {
          const frame = new Int16Array(frameSamples);
          frame.set(samples.subarray(at, at + frameSamples));
          this.#out.write(frame);
          at += frameSamples;
        }
        const over = this.#stopped || (at >= samples.length && this.#out.queuedMs() <= 0);
        if (over) resolve({ startedAt, endedAt: this.#clock.now() });
        else this.#clock.after(FRAME_MS, step);
      };
      step();
    });
  }
}
