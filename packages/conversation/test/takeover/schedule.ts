import fc from "fast-check";

/** Everything that a random life of a log depends on. */
export interface TakeoverSchedule {
  /** The fate of everything that is not an action. */
  seed: number;
  /** How often lines lose, double, delay and reorder, 0 to 3. */
  faults: number;
  /** What goes wrong, one number each; see actions.ts. */
  actions: readonly number[];
}

const MOST_ACTIONS = 12;

export const takeoverSchedules: fc.Arbitrary<TakeoverSchedule> = fc.noBias(
  fc.record({
    seed: fc.nat(0x7fffffff),
    faults: fc.nat(3),
    actions: fc.array(fc.nat(0x7fffffff), { minLength: 1, maxLength: MOST_ACTIONS, size: "max" }),
  }),
);
