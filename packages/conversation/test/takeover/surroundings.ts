import type { Fact } from "../../src/facts/index.ts";
import type { Dice } from "../world/dice.ts";
import type { Connection } from "./line.ts";
import type { Owner } from "./owner.ts";
import type { Protocol } from "./protocol.ts";
import type { Tally } from "./tally.ts";
import type { Time } from "./time.ts";

/** What machines and the server share. */
export interface Surroundings extends Time {
  readonly seed: number;
  readonly protocol: Protocol;
  readonly tally: Tally;
  /** Calls are to be over soon. */
  readonly endsCalls: boolean;
  /** A line to the server; null while it is away. */
  connect(machine: number, roll: Dice): Connection | null;
  /** The line of one machine breaks; of all without a number. */
  cut(machine?: number): void;
  /** An owner begins. */
  began(owner: Owner): void;
  /** A fact is in a file. */
  wrote(fact: Fact): void;
  /** The owner of this epoch has its copy of the log. */
  readCopy(epoch: number): void;
  /** The server has confirmed them. */
  acked(facts: readonly Fact[]): void;
}
