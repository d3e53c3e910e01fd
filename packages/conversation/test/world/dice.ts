/** Numbers in [0, 1), the same for the same seed and keys. */
export type Dice = () => number;

/**
 * Chance that belongs to one thing (a sentence, a tool call), not to the order in which things happen: dropping an
 * action from a schedule while shrinking leaves the fate of the others alone. Mulberry32 over a mixed key.
 */
export function dice(seed: number, kind: number, first = 0, second = 0): Dice {
  let state = Math.imul(seed ^ Math.imul(kind + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(first + 1, 0xc2b2ae35);
  state = Math.imul(state ^ (state >>> 15) ^ Math.imul(second + 1, 0x27d4eb2f), 0x2545f491);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function between(roll: Dice, least: number, most: number): number {
  return least + Math.floor(roll() * (most - least + 1));
}

export function oneOf<T>(roll: Dice, items: readonly T[]): T {
  return items[Math.floor(roll() * items.length)] as T;
}

/** The number in `t12`, `r3`. */
export function numberOf(id: string): number {
  return Number(id.slice(1)) | 0;
}
