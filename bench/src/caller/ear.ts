import { rms } from "@parley/audio";
import type { Understood } from "../mock-ai/tones.ts";
import { now } from "../time.ts";
import { toneIn } from "./pitch.ts";

const RATE_HZ = 16_000;
const AUDIBLE_RMS = 500;
const QUIET_MS = 600;
/** Silence shorter than this is between two words. */
const PAUSE_MS = 80;
/** Of one barge-in: the answer's level before it until well after. */
const LEVELS_KEPT = 1000;
const STRETCHES_KEPT = 20;
/** A wrong beginning is not forgiven for what follows: this much of it, within that much. */
const BEGINNING_MS = 400;
const WRONG_MS = 60;

/** Sound of the agent; two of them are 600 ms of quiet apart. */
export interface Stretch {
  /** First and last audible frame. */
  onsetAt: number;
  lastVoicedAt: number;
  gapMs: number;
  longestGapMs: number;
  /** How long each of its tones was, at first and in all. */
  beginning: Record<Understood, number>;
  all: Record<Understood, number>;
}

/** Hears one agent, frame by frame at 16 kHz, by its level and its pitch. */
export class Ear {
  /** How long a frame is: nothing is known more exactly. */
  readonly frameMs: number;
  readonly stretches: Stretch[] = [];
  firstVoicedAt: number | undefined;
  readonly #levels: { at: number; level: number; tone: Understood | undefined }[] = [];
  readonly #now: () => number;

  constructor(clock: () => number = now, frameMs = 20) {
    this.#now = clock;
    this.frameMs = frameMs;
  }

  /** What came now: one frame or several in one piece, the last of which ended now. */
  hear(sound: Int16Array): void {
    const samples = (RATE_HZ * this.frameMs) / 1000;
    let at = this.#now() - (sound.length / samples - 1) * this.frameMs;
    for (let from = 0; from < sound.length; from += samples) {
      this.#frame(sound.subarray(from, from + samples), at);
      at += this.frameMs;
    }
  }

  #frame(frame: Int16Array, at: number): void {
    const level = rms(frame);
    const tone = level < AUDIBLE_RMS ? undefined : toneIn(frame, RATE_HZ);
    this.#levels.push({ at, level, tone });
    if (this.#levels.length > LEVELS_KEPT) this.#levels.shift();
    if (level < AUDIBLE_RMS) return;
    this.firstVoicedAt ??= at;
    const stretch = this.#stretchAt(at);
    if (tone === undefined) return;
    stretch.all[tone] += this.frameMs;
    if (at - stretch.onsetAt < BEGINNING_MS) stretch.beginning[tone] += this.frameMs;
  }

  /** Of the present stretch, or the last one; 0 before the first. */
  get onsetAt(): number {
    return this.stretches.at(-1)?.onsetAt ?? 0;
  }

  get lastVoicedAt(): number {
    return this.stretches.at(-1)?.lastVoicedAt ?? 0;
  }

  quiet(): boolean {
    return this.#now() - this.lastVoicedAt > QUIET_MS;
  }

  /** The first one that began after it. */
  stretchAfter(since: number): Stretch | undefined {
    return this.stretches.find(({ onsetAt }) => onsetAt > since);
  }

  /** When, after `since`, this tone began: its first audible frame may hold too little of it to be known by. */
  toneAt(since: number, tone: Understood): number | undefined {
    const known = this.#levels.findIndex((one) => one.at > since && one.tone === tone);
    const before = this.#levels[known - 1];
    const isOnset = before !== undefined && before.at > since && before.level >= AUDIBLE_RMS && !before.tone;
    return isOnset ? before.at : this.#levels[known]?.at;
  }

  /** When, after `since`, the agent became quieter than it was before it by `db`, for three frames at least. */
  quieterAt(since: number, db: number): number | undefined {
    const limit = this.#below(since, db);
    if (limit === undefined) return undefined;
    const after = this.#levels.filter(({ at }) => at > since);
    return after.find((_, i) => [0, 1, 2].every((k) => (after[i + k]?.level ?? 0) < limit))?.at;
  }

  /** The longest, after `since`, that the agent was quieter by `db` than before it, ms; absent: it was not heard before. */
  quietFor(since: number, db: number): number | undefined {
    const limit = this.#below(since, db);
    if (limit === undefined) return undefined;
    let longest = 0;
    let quietMs = 0;
    for (const { at, level } of this.#levels) {
      if (at <= since) continue;
      quietMs = level < limit ? quietMs + this.frameMs : 0;
      longest = Math.max(longest, quietMs);
    }
    return longest;
  }

  /** So many dB below what was usual before that moment. */
  #below(since: number, db: number): number | undefined {
    const before = this.#levels.filter(({ at, level }) => at > since - 500 && at <= since && level >= AUDIBLE_RMS);
    const usual = before.map(({ level }) => level).sort((a, b) => a - b)[Math.floor(before.length / 2)];
    return usual === undefined ? undefined : usual * 10 ** (-db / 20);
  }

  #stretchAt(at: number): Stretch {
    const present = this.stretches.at(-1);
    const gapMs = at - (present?.lastVoicedAt ?? 0);
    if (present === undefined || gapMs > QUIET_MS) {
      const none = () => ({ whole: 0, cut: 0, unknown: 0 });
      const fresh = { onsetAt: at, lastVoicedAt: at, gapMs: 0, longestGapMs: 0, beginning: none(), all: none() };
      this.stretches.push(fresh);
      if (this.stretches.length > STRETCHES_KEPT) this.stretches.shift();
      return fresh;
    }
    if (gapMs > PAUSE_MS) {
      present.gapMs += gapMs - this.frameMs;
      present.longestGapMs = Math.max(present.longestGapMs, gapMs);
    }
    present.lastVoicedAt = at;
    return present;
  }
}

/** What an answer was to, by its tones: whole only when both its beginning and most of it were. */
export function answered({ beginning, all }: Pick<Stretch, "beginning" | "all">): Understood {
  if (beginning.cut + beginning.unknown >= WRONG_MS) return beginning.cut >= beginning.unknown ? "cut" : "unknown";
  if (all.whole > all.cut + all.unknown) return "whole";
  return all.cut > all.unknown ? "cut" : "unknown";
}
