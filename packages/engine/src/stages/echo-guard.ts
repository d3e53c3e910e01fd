import { type FarEnd, PIECE_MS } from "./far-end.ts";

/** An echo comes back within this time: network both ways, jitter buffers, a loudspeaker and a room. */
const LONGEST_MS = 720;
/** Delays are told apart by so much: speech hardly changes faster. */
const STEP = 2;
const LAGS = LONGEST_MS / PIECE_MS / STEP;
/** What is remembered of both levels fades by half in about a second. */
const FADE = 0.5 ** (PIECE_MS / 1000);
/** Both lines rise and fall together from here on: it is an echo. */
const ALIKE = 0.7;
/** Sound of the agent that must have been compared before anything is known, ms. */
const LEAST_HEARD_MS = 480;
/** Until then an echo may be as loud as this beside what was played: -14 dB. Whoever is quieter must wait so long. */
const LOUDEST_UNKNOWN = 0.2;
/** How far a person must be above the echo that is expected: 6 dB. */
const MARGIN = 2;
/** A room holds on to an echo, and a frame may come late. */
const BEFORE = 4;
const AFTER = 20;
/** Quieter than this nothing is said, RMS. */
const SILENCE = 30;

/**
 * Tells a person's sound from the agent's own, which a loudspeaker gives back to the person's microphone: as loud as what was
 * played a certain time before, times what the way leaves of it. Both are learnt while the agent speaks, by how the two
 * levels rise and fall together; where they don't, there is no echo and nothing is held back.
 */
export class EchoGuard {
  readonly #far: FarEnd;
  readonly #alike = Array.from({ length: LAGS }, () => new Together());
  #heardMs = 0;
  /** Of the best delay; null: no echo is known. */
  #known: { lag: number; gain: number } | null = null;

  constructor(far: FarEnd) {
    this.#far = far;
  }

  /** The next piece of this person's line, as loud as `level` (RMS), at this piece of the call. In order. */
  hears(piece: number, level: number): void {
    if (!this.#mayEcho(piece)) return;
    if (this.#far.level(piece - 1) > SILENCE) this.#heardMs += PIECE_MS;
    for (let i = 0; i < LAGS; i++) this.#alike[i]!.add(Math.sqrt(this.#far.level(piece - i * STEP)), Math.sqrt(level));
    if (piece % 4 === 0) this.#learn();
  }

  /** Is a sound as loud as `level` at this piece of the call no more than what comes back of the agent's? */
  isEcho(piece: number, level: number): boolean {
    return level <= this.#expected(piece) * MARGIN;
  }

  #mayEcho(piece: number): boolean {
    return this.#far.soundedAtMs > piece * PIECE_MS - LONGEST_MS;
  }

  #expected(piece: number): number {
    if (!this.#mayEcho(piece)) return 0;
    if (this.#known) return this.#known.gain * this.#loudest(piece, this.#known.lag - BEFORE, this.#known.lag + AFTER);
    if (this.#heardMs >= LEAST_HEARD_MS) return 0;
    return (LOUDEST_UNKNOWN / MARGIN) * this.#loudest(piece, 0, LONGEST_MS / PIECE_MS);
  }

  #loudest(piece: number, from: number, to: number): number {
    let most = 0;
    for (let lag = Math.max(0, from); lag <= to; lag++) most = Math.max(most, this.#far.level(piece - lag));
    return most;
  }

  #learn(): void {
    if (this.#heardMs < LEAST_HEARD_MS) return;
    let best = -1;
    let most = ALIKE;
    for (let i = 0; i < LAGS; i++) {
      const alike = this.#alike[i]!.likeness();
      if (alike > most) [best, most] = [i, alike];
    }
    // While a person speaks too, nothing new is learnt: what is known of the way stands.
    if (best >= 0) this.#known = { lag: best * STEP, gain: this.#alike[best]!.gain() };
    else if (this.#alike[0]!.level() < SILENCE) this.#known = null;
  }
}

/** How two series rise and fall together, the older the less. */
class Together {
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #yy = 0;
  #xy = 0;

  add(x: number, y: number): void {
    this.#n = this.#n * FADE + 1;
    this.#x = this.#x * FADE + x;
    this.#y = this.#y * FADE + y;
    this.#xx = this.#xx * FADE + x * x;
    this.#yy = this.#yy * FADE + y * y;
    this.#xy = this.#xy * FADE + x * y;
  }

  /** Correlation, -1 to 1; 0 when one of them hardly moves. */
  likeness(): number {
    const xs = this.#xx - (this.#x * this.#x) / this.#n;
    const ys = this.#yy - (this.#y * this.#y) / this.#n;
    if (xs < this.#n || ys < this.#n * 0.25) return 0;
    return (this.#xy - (this.#x * this.#y) / this.#n) / Math.sqrt(xs * ys);
  }

  /** Of the second, on average. */
  level(): number {
    return (this.#y / this.#n) ** 2;
  }

  /** What of the first is in the second; of square roots, so it is squared. */
  gain(): number {
    return (this.#xy / this.#xx) ** 2;
  }
}
