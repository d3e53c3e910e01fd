/** Virtual time, and how unkind it is. */
export interface Time {
  readonly now: number;
  /** How often lines lose, double, delay and reorder, 0 to 3. */
  readonly faults: number;
  at(time: number, run: () => void): void;
  after(ms: number, run: () => void): void;
}
