/** Who is out of reach at the moment. Reports changes only. */
export class Network {
  readonly #onChange: (participantId: string, state: "lost" | "back") => void;
  readonly #present = new Set<string>();
  readonly #lost = new Set<string>();
  #ownLost = false;

  constructor(onChange: (participantId: string, state: "lost" | "back") => void) {
    this.#onChange = onChange;
  }

  get ownLost(): boolean {
    return this.#ownLost;
  }

  joined(participantId: string): void {
    this.#present.add(participantId);
  }

  left(participantId: string): void {
    this.#present.delete(participantId);
    this.#lost.delete(participantId);
  }

  /** What the server measured of one participant's connection. */
  quality(participantId: string, isLost: boolean): void {
    if (!this.#present.has(participantId) || this.#lost.has(participantId) === isLost) return;
    if (isLost) this.#lost.add(participantId);
    else this.#lost.delete(participantId);
    if (!this.#ownLost) this.#onChange(participantId, isLost ? "lost" : "back");
  }

  /** Our own connection: without it nobody is in reach. */
  own(isLost: boolean): void {
    if (this.#ownLost === isLost) return;
    this.#ownLost = isLost;
    for (const participantId of this.#present) {
      if (!this.#lost.has(participantId)) this.#onChange(participantId, isLost ? "lost" : "back");
    }
  }
}
