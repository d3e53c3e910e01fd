import type { Fact } from "../../src/facts/index.ts";
import { between, type Dice } from "../world/dice.ts";
import type { Answer } from "./store.ts";
import type { Time } from "./time.ts";

export type ToServer =
  | { type: "facts"; batch: number; epoch: number; facts: readonly Fact[] }
  /** epoch: of the call's owner on that machine; null: it has none. */
  | { type: "lease"; epoch: number | null }
  | { type: "claim"; requestId: number; epoch: number };

export type ToMachine =
  | { type: "answer"; batch: number; answer: Answer }
  | { type: "stale"; epoch: number }
  | { type: "claimed"; requestId: number; granted: boolean; facts: readonly Fact[] }
  | { type: "take-over"; epoch: number; facts: readonly Fact[] };

export interface Ends {
  server(line: Connection, message: ToServer): void;
  machine(message: ToMachine): void;
}

/** One connection of a machine to the server. What is on its way when it breaks may still arrive, much later. */
export class Connection {
  readonly machine: number;
  brokenAt = Number.POSITIVE_INFINITY;
  /** The server sees it later than the machine. */
  noticedAt = Number.POSITIVE_INFINITY;
  readonly #time: Time;
  readonly #ends: Ends;
  readonly #roll: Dice;
  #graceMs = 0;
  #lastUp = 0;
  #lastDown = 0;

  constructor(time: Time, machine: number, roll: Dice, ends: Ends) {
    this.#time = time;
    this.#ends = ends;
    this.machine = machine;
    this.#roll = roll;
  }

  get isOpen(): boolean {
    return this.brokenAt === Number.POSITIVE_INFINITY;
  }

  /** A machine sees it at once; the server when it is told, or when nothing more comes. */
  break(): void {
    if (!this.isOpen) return;
    const roll = this.#roll;
    this.brokenAt = this.#time.now;
    this.noticedAt = this.#time.now + (roll() < 0.5 ? 0 : between(roll, 100, 1500));
    this.#graceMs = roll() < 0.5 ? 0 : between(roll, 0, 3000);
  }

  up(message: ToServer): void {
    this.#lastUp = this.#carry(this.#lastUp, () => this.#ends.server(this, message));
  }

  down(message: ToMachine): void {
    // A machine that has left this connection hears nothing from it any more.
    this.#lastDown = this.#carry(this.#lastDown, () => this.isOpen && this.#ends.machine(message));
  }

  /** In order, one after the other; with faults also lost, doubled, or overtaken. Returns when the last arrives. */
  #carry(last: number, deliver: () => void): number {
    const { faults, now } = this.#time;
    const roll = this.#roll;
    const delay = roll() < 0.9 ? between(roll, 1, 40) : between(roll, 40, 900);
    const fate = roll();
    const arrive = (at: number): void =>
      this.#time.at(at, () => {
        if (this.#time.now <= this.brokenAt + this.#graceMs) deliver();
      });
    if (fate < 0.015 * faults) return last;
    if (fate < 0.03 * faults) {
      // Overtaken by those behind it.
      arrive(now + delay + between(roll, 0, 1500));
      return last;
    }
    const at = Math.max(last, now + delay);
    arrive(at);
    if (fate > 1 - 0.03 * faults) arrive(at + between(roll, 0, 2000));
    return at;
  }
}
