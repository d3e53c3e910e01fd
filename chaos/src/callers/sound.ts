import { type HeardFrame, LOUD_RMS } from "@parley/livekit";
import type { CallerEvent } from "./messages.ts";

const FRAME_MS = 20;
/** Shorter silence belongs to the sound around it. */
const PAUSE_MS = 60;
/** Nothing arrives for this long: the track is gone, and with it the sound. */
const STALLED_MS = 120;
/** A busy event loop is late by less; without frames for longer, the line was dead. */
const DEAD_MS = 500;
/** The callers' agent speaks in a steady tone: what is fainter than this part of it is not its own. */
const FAINT = 0.85;
/** Frames that are remembered of a sound, to see how it ends. */
const LAST_FRAMES = 40;
/** A frame later than this was not late, it is another time: the process, or the sender, stood still. */
const REANCHOR_MS = 700;

/**
 * Frames into stretches of audible sound. Frames count 20 ms each from the earliest arrival on, so that a busy event
 * loop, which gets them late and together, does not show as a hole.
 */
export class SoundLine {
  readonly #tell: (event: CallerEvent) => void;
  #anchor: number | null = null;
  #frames = 0;
  #lastArrival = 0;
  #newTrack = true;
  #open: { to: number; levels: number[] } | null = null;
  lastAudibleAt = 0;
  lastOnsetAt = 0;
  lastTrackAt = 0;

  constructor(tell: (event: CallerEvent) => void) {
    this.#tell = tell;
  }

  /** The next frame is the first of another track. */
  trackChanged(): void {
    this.#newTrack = true;
    this.#anchor = null;
  }

  /** `arrivedAt`: wall clock. */
  hear({ rms }: Pick<HeardFrame, "rms">, arrivedAt: number): void {
    const at = this.#timeOf(arrivedAt);
    const lastFrameAt = this.#lastArrival;
    if (lastFrameAt > 0 && arrivedAt - lastFrameAt > DEAD_MS) this.#tell({ type: "flowing", at: arrivedAt });
    this.#lastArrival = arrivedAt;
    if (this.#newTrack) {
      this.#newTrack = false;
      this.lastTrackAt = at;
      this.#tell({ type: "track", at, lastFrameAt });
    }
    if (rms < LOUD_RMS) {
      if (this.#open && at - this.#open.to > PAUSE_MS) this.#close();
      return;
    }
    if (this.#open && at - this.#open.to > PAUSE_MS + FRAME_MS) this.#close();
    if (!this.#open) {
      this.lastOnsetAt = at;
      this.#tell({ type: "sound-began", at });
      this.#open = { to: at, levels: [] };
    }
    this.#open.to = at + FRAME_MS;
    this.#open.levels.push(rms);
    if (this.#open.levels.length > LAST_FRAMES) this.#open.levels.shift();
    this.lastAudibleAt = at + FRAME_MS;
  }

  /** To be called often: sound also ends when nothing arrives any more. */
  tick(now: number): void {
    if (this.#open && now - this.#lastArrival > STALLED_MS + PAUSE_MS) this.#close();
  }

  #timeOf(arrivedAt: number): number {
    const expected = this.#anchor === null ? arrivedAt : this.#anchor + this.#frames * FRAME_MS;
    if (this.#anchor === null || arrivedAt < expected || arrivedAt - expected > REANCHOR_MS) {
      this.#anchor = arrivedAt;
      this.#frames = 0;
    }
    const at = this.#anchor + this.#frames * FRAME_MS;
    this.#frames++;
    return at;
  }

  #close(): void {
    if (this.#open) this.#tell({ type: "sound-ended", at: this.#open.to, fadedMs: fadedMs(this.#open.levels) });
    this.#open = null;
  }
}

/** How long a sound was fading at its end: a jitter buffer to which nothing comes goes on for a moment by itself. */
function fadedMs(levels: readonly number[]): number {
  const usual = [...levels].sort((a, b) => a - b)[Math.floor(levels.length / 2)] ?? 0;
  const last = levels.findLastIndex((level) => level >= FAINT * usual);
  return (levels.length - 1 - last) * FRAME_MS;
}
