/** Speech has a gap at least this often, so the quietest window of this span is the room, not the voice. */
const SPAN_SECONDS = 3;
/** The span is kept as this many minima, so following costs the same however long it is. */
const PIECES = 8;
/** Limits of what may pass for a room: a caller who speaks from the first window on must not become its floor. */
const LOUDEST_DB = -30;
const QUIETEST_DB = -75;
/** In the first second, before a gap can have been heard, nothing louder than this is believed to be the room. */
const LOUDEST_AT_FIRST_DB = -45;

/** The level of a room behind what is said in it, by the minimum of the last seconds. */
export class NoiseFloor {
  readonly #windowsPerPiece: number;
  readonly #firstWindows: number;
  readonly #pieces = new Float64Array(PIECES).fill(Number.POSITIVE_INFINITY);
  #piece = 0;
  #inPiece = 0;
  #seen = 0;

  constructor(windowsPerSecond: number) {
    this.#windowsPerPiece = Math.max(1, Math.round((windowsPerSecond * SPAN_SECONDS) / PIECES));
    this.#firstWindows = windowsPerSecond;
  }

  /** Takes the next window's level (dB below full scale), returns the floor that holds for it. */
  follow(levelDb: number): number {
    if (this.#inPiece === this.#windowsPerPiece) {
      this.#piece = (this.#piece + 1) % PIECES;
      this.#pieces[this.#piece] = Number.POSITIVE_INFINITY;
      this.#inPiece = 0;
    }
    this.#inPiece++;
    this.#pieces[this.#piece] = Math.min(this.#pieces[this.#piece]!, levelDb);
    let lowest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < PIECES; i++) lowest = Math.min(lowest, this.#pieces[i]!);
    const loudest = this.#seen++ < this.#firstWindows ? LOUDEST_AT_FIRST_DB : LOUDEST_DB;
    return Math.max(QUIETEST_DB, Math.min(loudest, lowest));
  }
}
