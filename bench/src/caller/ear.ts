import { rms } from "@parley/audio";
import { now } from "../time.ts";

const FRAME_MS = 20;
const AUDIBLE_RMS = 500;
const QUIET_MS = 600;
/** Silence shorter than this is between two words. */
const PAUSE_MS = 80;
/** Of one barge-in: the answer's level before it until well after. */
const LEVELS_KEPT = 1000;

/** Hears one agent, frame by frame of 20 ms at 16 kHz, by its level alone. */
export class Ear {
  /** First and last audible frame of the present stretch of speech (stretches are 600 ms of quiet apart). */
  onsetAt = 0;
  lastVoicedAt = 0;
  firstVoicedAt: number | undefined;
  gapMs = 0;
  longestGapMs = 0;
  readonly #levels: { at: number; level: number }[] = [];
  readonly #now: () => number;

  constructor(clock: () => number = now) {
    this.#now = clock;
  }

  hear(frame: Int16Array): void {
    const at = this.#now();
    const level = rms(frame);
    this.#levels.push({ at, level });
    if (this.#levels.length > LEVELS_KEPT) this.#levels.shift();
    if (level < AUDIBLE_RMS) return;
    this.firstVoicedAt ??= at;
    const gapMs = at - this.lastVoicedAt;
    if (gapMs > QUIET_MS) {
      this.onsetAt = at;
      this.gapMs = 0;
      this.longestGapMs = 0;
    } else if (gapMs > PAUSE_MS) {
      this.gapMs += gapMs - FRAME_MS;
      this.longestGapMs = Math.max(this.longestGapMs, gapMs);
    }
    this.lastVoicedAt = at;
  }

  quiet(): boolean {
    return this.#now() - this.lastVoicedAt > QUIET_MS;
  }

  /** When, after `since`, the agent became quieter than it was before it by `db`, for three frames at least. */
  quieterAt(since: number, db: number): number | undefined {
    const before = this.#levels.filter(({ at, level }) => at > since - 500 && at <= since && level >= AUDIBLE_RMS);
    const usual = before.map(({ level }) => level).sort((a, b) => a - b)[Math.floor(before.length / 2)];
    if (usual === undefined) return undefined;
    const limit = usual * 10 ** (-db / 20);
    const after = this.#levels.filter(({ at }) => at > since);
    return after.find((_, i) => [0, 1, 2].every((k) => (after[i + k]?.level ?? 0) < limit))?.at;
  }
}
