import { toDb } from "@parley/audio";
import { HEARING_RATE_HZ } from "../ports/index.ts";
import { NoiseFloor } from "../vad/noise-floor.ts";
import { PIECE_MS } from "./far-end.ts";

/** Sound is looked at in pieces: so exactly is known where it ended. */
const PIECE_SAMPLES = (HEARING_RATE_HZ * PIECE_MS) / 1000;
/** No louder than this above the room behind it is the room; nothing below the second is ever more (dB below full scale). */
const OVER_FLOOR_DB = 6;
const NEVER_SPEECH_DB = -60;
/** In a room that is hardly quieter than the voice in it, loudness says nothing: an "s" is no louder than the room. */
const LEAST_RANGE_DB = 25;

/**
 * For how long a line has been as quiet as the room behind it. A VAD's model goes on believing in a voice for some 50 ms
 * after its end; loudness knows at once, where the room is quiet enough for it to be sure.
 */
export class Hush {
  readonly #floor = new NoiseFloor(1000 / PIECE_MS);
  #squares = 0;
  #counted = 0;
  #ms = 0;
  #loudMs = 0;
  /** The loudest of the last seconds of sound. */
  #loudestDb = NEVER_SPEECH_DB;
  readonly #onPiece: (rms: number) => void;

  /** `onPiece` is told how loud each piece was, in order. */
  constructor(onPiece: (rms: number) => void = () => {}) {
    this.#onPiece = onPiece;
  }

  /** Milliseconds that it has been quiet, up to the last whole piece of what was pushed. */
  get ms(): number {
    return this.#ms;
  }

  /** Milliseconds that there has been something to hear since it was last quiet; 0 where loudness tells nothing. */
  get loudMs(): number {
    return this.#loudMs;
  }

  push(frame: Int16Array): void {
    for (let i = 0; i < frame.length; i++) {
      const sample = frame[i]!;
      this.#squares += sample * sample;
      if (++this.#counted < PIECE_SAMPLES) continue;
      const rms = Math.sqrt(this.#squares / PIECE_SAMPLES);
      this.#squares = 0;
      this.#counted = 0;
      this.#piece(toDb(rms));
      this.#onPiece(rms);
    }
  }

  #piece(levelDb: number): void {
    const floorDb = this.#floor.follow(levelDb);
    this.#loudestDb = Math.max(levelDb, this.#loudestDb - FADE_DB);
    const sure = this.#loudestDb - floorDb >= LEAST_RANGE_DB;
    const quiet = levelDb < Math.max(NEVER_SPEECH_DB, floorDb + OVER_FLOOR_DB);
    this.#ms = sure && quiet ? this.#ms + PIECE_MS : 0;
    this.#loudMs = sure && !quiet ? this.#loudMs + PIECE_MS : 0;
  }
}

/** A loud word is forgotten at 4 dB a second. */
const FADE_DB = (4 * PIECE_MS) / 1000;
