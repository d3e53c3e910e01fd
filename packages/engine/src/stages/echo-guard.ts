import { toDb } from "@parley/audio";
import { type FarEnd, PIECE_MS } from "./far-end.ts";

/** An echo comes back within this time: network both ways, jitter buffers, a loudspeaker and a room. */
const LONGEST_MS = 720;
/** Delays are told apart by so much: speech hardly changes faster. */
const STEP = 2;
const LONGEST = LONGEST_MS / PIECE_MS;
const LAGS = LONGEST / STEP;
/** Levels are looked at over this many pieces: a voice's own pulses don't count. */
const SMOOTH = 4;
/** The agent's loud moments count, to within this of its loudest of late: behind them a room still sounds of them. */
const LOUD_DB = 12;
const PEAK_FADE_DB = LOUD_DB / (600 / PIECE_MS);
/** What is remembered fades by half in a second of them. */
const FADE = 0.5 ** (PIECE_MS / 1000);
/** So much of them must have been compared, ms. */
const LEAST_MS = 560;
const LEAST = (1 - FADE ** (LEAST_MS / PIECE_MS)) / (1 - FADE);
/** An echo is as far below what was played in one moment as in the next; a person who speaks over it is not. */
const STEADY_DB = 4;
/** Nothing comes back louder. */
const LOUDEST_DB = -6;
/** Until it is known an echo may be as loud as this beside what was played. Whoever is quieter must wait so long. */
const LOUDEST_UNKNOWN_DB = -10;
/** A line so much below may be one whose echo has not come yet: it counts when all delays have been looked at. */
const FAINT_DB = -36;
/** How far a person must be above the echo that is expected. */
const MARGIN_DB = 6;
/** An echo that was known is missing where the line is so much below it. */
const MISSING_DB = 8;
const MISSING_FADE = 0.5 ** (PIECE_MS / 240);
const MISSING_SHARE = 0.3;
/** A room holds on to an echo, and a frame may come late. */
const BEFORE = 4;
const AFTER = 20;
/** Quieter than this nothing is said, dB. */
const SILENCE_DB = -60;
const SILENT = Number.NEGATIVE_INFINITY;

/**
 * Tells a person's sound from the agent's own, which a loudspeaker gives back to the person's microphone: as loud as what was
 * played a certain time before, less what the way takes of it. Both are learnt while the agent speaks: at the echo's delay
 * the line is below the agent's loud moments by always the same. Where it is not, nothing is held back.
 */
export class EchoGuard {
  readonly #far: FarEnd;
  readonly #below = Array.from({ length: LAGS }, () => new Spread());
  /** By piece: how loud the agent's loud moments were, dB; the others are NaN. */
  readonly #loud = new Float64Array(2 * LONGEST).fill(Number.NaN);
  #loudUntil = Number.NEGATIVE_INFINITY;
  #peakDb = SILENT;
  #near = new Float64Array(SMOOTH);
  /** Null: no echo is known. */
  #known: { lag: number; db: number } | null = null;
  #missing = { of: 0, in: 0 };
  #isDecided = false;

  constructor(far: FarEnd) {
    this.#far = far;
  }

  /** The next piece of this person's line, as loud as `level` (RMS), at this piece of the call. In order. */
  hears(piece: number, level: number): void {
    this.#near[mod(piece, SMOOTH)] = level * level;
    if (!this.#mayEcho(piece)) return;
    this.#followFar(piece);
    const nearDb = powerDb(this.#near);
    for (let i = 0; i < LAGS; i++) {
      const farDb = this.#loud[mod(piece - i * STEP, this.#loud.length)]!;
      if (!Number.isNaN(farDb)) this.#below[i]!.add(nearDb - farDb);
    }
    this.#look(piece, nearDb);
    if (piece % 4 === 0) this.#learn();
  }

  /** Is a sound as loud as `level` at this piece of the call no more than what comes back of the agent's? */
  isEcho(piece: number, level: number): boolean {
    return toDb(level) <= this.#expectedDb(piece) + MARGIN_DB;
  }

  #mayEcho(piece: number): boolean {
    return this.#far.soundedAtMs > piece * PIECE_MS - LONGEST_MS;
  }

  #expectedDb(piece: number): number {
    if (!this.#mayEcho(piece)) return SILENT;
    const { lag, db } = this.#known ?? { lag: 0, db: 0 };
    if (this.#known) return db + this.#loudestDb(piece, lag - BEFORE, lag + AFTER);
    return this.#isDecided ? SILENT : LOUDEST_UNKNOWN_DB - MARGIN_DB + this.#loudestDb(piece, 0, LONGEST);
  }

  #loudestDb(piece: number, from: number, to: number): number {
    let most = 0;
    for (let lag = Math.max(0, from); lag <= to; lag++) most = Math.max(most, this.#far.level(piece - lag));
    return toDb(most);
  }

  /** Which of the agent's moments up to this piece were loud. */
  #followFar(piece: number): void {
    for (let at = Math.max(this.#loudUntil + 1, piece - LONGEST); at <= piece; at++) {
      let power = 0;
      for (let i = 0; i < SMOOTH; i++) power += this.#far.level(at - i) ** 2;
      const db = toDb(Math.sqrt(power / SMOOTH));
      this.#peakDb = Math.max(db, this.#peakDb - PEAK_FADE_DB);
      this.#loud[mod(at, this.#loud.length)] = db > SILENCE_DB && db >= this.#peakDb - LOUD_DB ? db : Number.NaN;
    }
    this.#loudUntil = piece;
  }

  /** Is what is known of the echo there? Under a person's voice it still is. */
  #look(piece: number, nearDb: number): void {
    if (!this.#known) return;
    const { lag, db } = this.#known;
    const farDb = this.#loud[mod(piece - lag, this.#loud.length)]!;
    if (Number.isNaN(farDb)) return;
    const seen = this.#missing;
    seen.of = seen.of * MISSING_FADE + 1;
    seen.in = seen.in * MISSING_FADE + (nearDb < farDb + db - MISSING_DB ? 1 : 0);
    if (seen.of > SMOOTH * 3 && seen.in > seen.of * MISSING_SHARE) this.#known = null;
  }

  #learn(): void {
    this.#isDecided ||= this.#below[LAGS - 1]!.weight >= LEAST;
    let best = -1;
    let least = STEADY_DB;
    for (let i = 0; i < LAGS; i++) {
      const { weight, spreadDb, meanDb } = this.#below[i]!;
      if (weight < LEAST || spreadDb >= least || meanDb > LOUDEST_DB) continue;
      if (meanDb < FAINT_DB && !this.#isDecided) continue;
      [best, least] = [i, spreadDb];
    }
    if (best < 0) return;
    if (!this.#known) this.#missing = { of: 0, in: 0 };
    this.#known = { lag: best * STEP, db: this.#below[best]!.meanDb };
  }
}

/** Mean and spread of a series of levels, the older the less. */
class Spread {
  weight = 0;
  #sum = 0;
  #squares = 0;

  add(db: number): void {
    this.weight = this.weight * FADE + 1;
    this.#sum = this.#sum * FADE + db;
    this.#squares = this.#squares * FADE + db * db;
  }

  get meanDb(): number {
    return this.#sum / this.weight;
  }

  get spreadDb(): number {
    return Math.sqrt(Math.max(0, this.#squares / this.weight - this.meanDb ** 2));
  }
}

function powerDb(powers: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < powers.length; i++) sum += powers[i]!;
  return toDb(Math.sqrt(sum / powers.length));
}

function mod(n: number, size: number): number {
  return ((n % size) + size) % size;
}
