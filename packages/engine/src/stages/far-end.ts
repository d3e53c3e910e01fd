/** Levels are kept for pieces of this length. */
export const PIECE_MS = 8;
/** Two seconds: longer than the way of an echo, and what is queued ahead. */
const PIECES = 256;

/** Told what is played, with its samples; times as FarEnd's. */
export interface FarEndListener {
  sounds(atMs: number, samples: Int16Array): void;
  cleared(nowMs: number): void;
}

/** How loud the agent is, by the call's time: what of it comes back on somebody's line is no speech of theirs. */
export class FarEnd {
  readonly #levels = new Float32Array(PIECES);
  /** Which piece of the call each place holds. */
  readonly #pieces = new Float64Array(PIECES).fill(-1);
  #soundedAtMs = Number.NEGATIVE_INFINITY;
  readonly #listeners: readonly FarEndListener[];

  constructor(listeners: readonly FarEndListener[] = []) {
    this.#listeners = listeners;
  }

  /** When the last of what was given will have sounded; the call's time, ms. */
  get soundedAtMs(): number {
    return this.#soundedAtMs;
  }

  /** These samples will sound from `atMs` on; gain included. */
  sounds(atMs: number, samples: Int16Array, samplesPerMs: number): void {
    const size = Math.round(PIECE_MS * samplesPerMs);
    for (let from = 0; from < samples.length; from += size) {
      const to = Math.min(samples.length, from + size);
      let squares = 0;
      for (let i = from; i < to; i++) squares += samples[i]! * samples[i]!;
      this.#put(Math.floor((atMs + from / samplesPerMs) / PIECE_MS), Math.sqrt(squares / (to - from)));
    }
    this.#soundedAtMs = Math.max(this.#soundedAtMs, atMs + samples.length / samplesPerMs);
    for (const listener of this.#listeners) listener.sounds(atMs, samples);
  }

  /** What was to sound from now on will not. */
  cleared(nowMs: number): void {
    const first = Math.ceil(nowMs / PIECE_MS);
    for (let i = 0; i < PIECES; i++) if (this.#pieces[i]! >= first) this.#levels[i] = 0;
    this.#soundedAtMs = Math.min(this.#soundedAtMs, nowMs);
    for (const listener of this.#listeners) listener.cleared(nowMs);
  }

  /** RMS of that piece of the call (its time divided by `PIECE_MS`), 0 to 32768. */
  level(piece: number): number {
    const place = ((piece % PIECES) + PIECES) % PIECES;
    return this.#pieces[place] === piece ? this.#levels[place]! : 0;
  }

  #put(piece: number, level: number): void {
    const place = ((piece % PIECES) + PIECES) % PIECES;
    this.#levels[place] = this.#pieces[place] === piece ? Math.max(level, this.#levels[place]!) : level;
    this.#pieces[place] = piece;
  }
}
