import type { InputBody } from "../../src/facts/index.ts";
import type { RuleState } from "../../src/rules/state.ts";
import type { Settings } from "../../src/settings.ts";

/** What the parts of the world share: the time, the way to state a fact, and the way to do something later. */
export interface Desk {
  readonly now: number;
  readonly seed: number;
  /** How much goes wrong, 0 to 3. */
  readonly faults: number;
  readonly settings: Settings;
  readonly state: RuleState;
  /** Steps the rules. False while the process is down or the call is over: nobody takes note. */
  feed(body: InputBody): boolean;
  /** In this process: dropped when it dies. */
  later(delayMs: number, run: () => void): void;
  /** Whether the process dies or not: people go on. */
  whatever(delayMs: number, run: () => void): void;
}
