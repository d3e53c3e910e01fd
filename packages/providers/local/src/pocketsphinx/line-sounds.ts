/** Speakers remembered; the one silent for longest is forgotten first. */
const MAX_REMEMBERED = 512;

/** How each speaker's line sounds, so that any decoder can go on where another left off. */
export class LineSounds {
  readonly #bySpeaker = new Map<number, Float32Array>();

  get(speaker: number): Float32Array | undefined {
    return this.#bySpeaker.get(speaker);
  }

  set(speaker: number, sound: Float32Array | undefined): void {
    if (sound === undefined) return;
    this.#bySpeaker.delete(speaker);
    this.#bySpeaker.set(speaker, sound);
    const oldest = this.#bySpeaker.keys().next().value;
    if (this.#bySpeaker.size > MAX_REMEMBERED && oldest !== undefined) this.#bySpeaker.delete(oldest);
  }
}
