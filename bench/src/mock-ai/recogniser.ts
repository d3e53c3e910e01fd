import type { SpokenWord } from "@parley/testkit";
import type { Clip } from "../clips.ts";
import { BANDS, type BandLevels, bandLevels, HOP_MS } from "./band-levels.ts";

/** What lies deeper under the loudest moment is not compared: there, noise and codecs differ. */
const RANGE_DB = 35;
/** Deeper than this is no voice. */
const VOICED_DB = -30;
/** A sound as faint as this, at its loudest, is nobody speaking. */
const AUDIBLE_DB = -50;
/** Sound around the clip that is not of it. */
const STRAY_FRAMES = 40;
/** Less than this is no word. */
const SHORTEST_FRAMES = 16;
const LONGEST_FRAMES = 1500;
/**
 * Root mean square difference of all levels between a sound and the place in a clip that it is: the same, behind another
 * rate, level or noise, is 1 to 2 dB away, another sentence 6 and more. A shorter sound looks like more things.
 */
const mostApartDb = (frames: number) => Math.min(5, 1.6 + frames / 45);
/** No clip is silent for so long within; what stands before such a silence is another sound. */
const APART_FRAMES = 30;
/** How exact the place is, and the words' times are. */
const TOLERANCE_MS = 40;
/** A word may fade, below what is voice, for so long. */
const FADING_MS = 120;

/** The part of a clip that was heard. */
export interface Heard {
  clip: string;
  words: readonly SpokenWord[];
  isWhole: boolean;
  hasEnd: boolean;
  /** Where the sound begins in the clip; negative: before it. */
  fromMs: number;
  /** How far it is from the clip. */
  apartDb: number;
}

/** Finds which clip a sound holds, and which part of it, by its loudness over time. Cheap: a few ms. */
export class Recogniser {
  readonly #clips: readonly { clip: Pick<Clip, "name" | "words">; levels: BandLevels }[];

  constructor(clips: readonly Pick<Clip, "name" | "words" | "samples">[], sampleRateHz: number) {
    this.#clips = clips.map(({ name, words, samples }) => ({
      clip: { name, words },
      levels: bandLevels(samples, sampleRateHz),
    }));
  }

  /** Null: none of the clips. Where all of the sound is none, what comes after its last long silence may be one. */
  hear(samples: Int16Array, sampleRateHz: number): Heard | null {
    const levels = bandLevels(samples, sampleRateHz);
    const soundMs = (samples.length / sampleRateHz) * 1000;
    const whole = voicedSpan(levels);
    if (whole === null) return null;
    const heard = this.#find(whole, soundMs);
    if (heard !== null) return heard;
    const from = afterSilence(levels, whole);
    const last = from === null ? null : voicedSpan(levels, from);
    return last && this.#find(last, soundMs);
  }

  #find(span: Span, soundMs: number): Heard | null {
    let best = { place: 0, apartDb: mostApartDb(span.frames) };
    let found: Pick<Clip, "name" | "words"> | null = null;
    for (const { clip, levels } of this.#clips) {
      const match = closest(span, levels, best.apartDb);
      if (match === null) continue;
      best = match;
      found = clip;
    }
    if (found === null) return null;
    const fromMs = (best.place - span.first) * HOP_MS;
    const voicedToMs = (best.place + span.frames) * HOP_MS;
    // Silence that was put around the sound hears nothing.
    const beganMs = Math.max(fromMs, best.place * HOP_MS - TOLERANCE_MS);
    const endedMs = Math.min(fromMs + soundMs + TOLERANCE_MS, voicedToMs + FADING_MS);
    // Of a word that had begun before, half must be there.
    const words = found.words.filter(({ startMs, endMs }) => endMs <= endedMs && (startMs + endMs) / 2 >= beganMs);
    return {
      clip: found.name,
      words,
      isWhole: words.length === found.words.length,
      hasEnd: words.length > 0 && words.at(-1) === found.words.at(-1),
      fromMs,
      apartDb: best.apartDb,
    };
  }
}

/** From the first to the last voice of a sound. */
interface Span {
  first: number;
  frames: number;
  /** Below the loudest frame, at most `RANGE_DB`. */
  bands: Float32Array;
}

/** From its frame `from` on. */
function voicedSpan({ frames, bands, total }: BandLevels, from = 0): Span | null {
  const loudest = total.reduce((most, level) => Math.max(most, level), Number.NEGATIVE_INFINITY);
  if (loudest < AUDIBLE_DB) return null;
  const first = total.findIndex((level, at) => at >= from && level > loudest + VOICED_DB);
  const count = total.findLastIndex((level) => level > loudest + VOICED_DB) + 1 - first;
  if (count < SHORTEST_FRAMES || count > LONGEST_FRAMES || frames === 0) return null;
  const own = bands.slice(first * BANDS, (first + count) * BANDS);
  for (let i = 0; i < own.length; i++) own[i] = Math.max(own[i]! - loudest, -RANGE_DB);
  return { first, frames: count, bands: own };
}

/** The frame behind the last long silence within the span; null where there is none. */
function afterSilence({ total }: BandLevels, { first, frames }: Span): number | null {
  const loudest = total.reduce((most, level) => Math.max(most, level), Number.NEGATIVE_INFINITY);
  let silent = 0;
  for (let at = first + frames - 1; at > first; at--) {
    silent = total[at]! > loudest + VOICED_DB ? 0 : silent + 1;
    if (silent === APART_FRAMES) return at + APART_FRAMES;
  }
  return null;
}

/** The place in a clip that is nearer than `limitDb`, and nearest. */
function closest(span: Span, clip: BandLevels, limitDb: number): { place: number; apartDb: number } | null {
  const stray = Math.min(STRAY_FRAMES, Math.floor(span.frames / 2));
  const cells = (span.frames - 2) * BANDS;
  let limit = limitDb ** 2 * cells;
  let place: number | null = null;
  for (let from = -stray; from + span.frames <= clip.frames + stray; from++) {
    const sum = apart(span, clip, from, limit);
    if (sum >= limit) continue;
    limit = sum;
    place = from;
  }
  return place === null ? null : { place, apartDb: Math.sqrt(limit / cells) };
}

/** Sum of squares; gives up above `limit`. The part of the clip counts from its own loudest frame, as the sound does. */
function apart(span: Span, clip: BandLevels, from: number, limit: number): number {
  const inside = Math.max(0, from);
  const end = Math.min(clip.frames, from + span.frames);
  let loudest = Number.NEGATIVE_INFINITY;
  for (let i = inside; i < end; i++) loudest = Math.max(loudest, clip.total[i]!);
  const heard = span.bands;
  let sum = 0;
  // The first and the last frame may be half of a sound that was cut.
  for (let i = 1; i < span.frames - 1 && sum < limit; i++) {
    const at = from + i;
    const there = at >= inside && at < end;
    for (let band = 0; band < BANDS; band++) {
      const level = there ? Math.max(clip.bands[at * BANDS + band]! - loudest, -RANGE_DB) : -RANGE_DB;
      const difference = heard[i * BANDS + band]! - level;
      sum += difference * difference;
    }
  }
  return sum;
}
