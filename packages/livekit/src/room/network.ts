/** Why somebody seems out of reach: nothing of their sound arrives, or the server measured it. */
export type LossSign = "stalled" | "quality";

/** Who is out of reach at the moment. Reports changes only. */
export class Network {
  readonly #onChange: (participantId: string, state: "lost" | "back") => void;
  /** Those who are there, with the signs of their loss. */
  readonly #present = new Map<string, Set<LossSign>>();
  #ownLost = false;

  constructor(onChange: (participantId: string, state: "lost" | "back") => void) {
    this.#onChange = onChange;
  }

  get ownLost(): boolean {
    return this.#ownLost;
  }

  joined(participantId: string): void {
    this.#present.set(participantId, new Set());
  }

  left(participantId: string): void {
    this.#present.delete(participantId);
  }

  sign(participantId: string, sign: LossSign, isLost: boolean): void {
    const signs = this.#present.get(participantId);
    if (!signs) return;
    const before = signs.size > 0;
    if (isLost) signs.add(sign);
    else signs.delete(sign);
    const after = signs.size > 0;
    if (before !== after && !this.#ownLost) this.#onChange(participantId, after ? "lost" : "back");
  }

  /** Our own connection: without it nobody is in reach. */
  own(isLost: boolean): void {
    if (this.#ownLost === isLost) return;
    this.#ownLost = isLost;
    for (const [participantId, signs] of this.#present) {
      if (signs.size === 0) this.#onChange(participantId, isLost ? "lost" : "back");
    }
  }
}
