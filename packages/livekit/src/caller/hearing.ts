import { concat, rms } from "@parley/audio";
import { HEARING_RATE_HZ } from "@parley/engine";

/** Above this a frame counts as sound (RMS, 0 to 32768): far above what Opus makes of silence, far below speech. */
export const LOUD_RMS = 500;

export const HEARD_FRAME_MS = 20;

/** One frame of 20 ms as it came out of the jitter buffer. */
export interface HeardFrame {
  /** When it arrived, by performance.now(). */
  at: number;
  rms: number;
}

/** What one listener heard, frame by frame: levels always, samples for the last `keepMs`. */
export class Hearing {
  readonly levels: HeardFrame[] = [];
  readonly #frames: { at: number; samples: Int16Array }[] = [];
  readonly #keepMs: number;
  /** When sound last began after at least 300 ms without; 0 before the first. */
  onsetAt = 0;
  /** When a loud frame came last; 0 before the first. */
  lastLoudAt = 0;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  hear(samples: Int16Array, at: number): void {
    const level = rms(samples);
    this.levels.push({ at, rms: level });
    if (this.#keepMs > 0) this.#frames.push({ at, samples: samples.slice() });
    while (this.#frames[0] && this.#frames[0].at < at - this.#keepMs) this.#frames.shift();
    if (this.levels.length > 200_000) this.levels.splice(0, 100_000);
    if (level < LOUD_RMS) return;
    if (this.lastLoudAt === 0 || at - this.lastLoudAt > 300) this.onsetAt = at;
    this.lastLoudAt = at;
  }

  /** What arrived in this span of performance.now(), 16 kHz mono. */
  samples(from = 0, to = Number.POSITIVE_INFINITY): Int16Array {
    return concat(this.#frames.filter(({ at }) => at >= from && at <= to).map(({ samples }) => samples));
  }

  /** How long it was loud in this span, in ms. */
  loudMs(from = 0, to = Number.POSITIVE_INFINITY): number {
    return (
      HEARD_FRAME_MS * this.levels.filter((frame) => frame.at >= from && frame.at <= to && frame.rms >= LOUD_RMS).length
    );
  }

  get rateHz(): number {
    return HEARING_RATE_HZ;
  }
}
