import type { Fact } from "../../src/facts/index.ts";
import { Agenda } from "../world/agenda.ts";
import type { Dice } from "../world/dice.ts";
import { type Breakable, plannedTrouble } from "./actions.ts";
import { Connection } from "./line.ts";
import { Machine } from "./machine.ts";
import type { Owner } from "./owner.ts";
import type { Protocol } from "./protocol.ts";
import type { TakeoverSchedule } from "./schedule.ts";
import { Server } from "./server.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Tally } from "./tally.ts";
import { LogViolation } from "./violation.ts";

/** By then everything is as it should be, or it never will. */
const PATIENCE_MS = 60_000;
/** What comes late comes within that time, and changes nothing. */
const AFTERWARDS_MS = 4_000;

/** One call whose owners, machines, line and server fail, in virtual time. */
export class TakeoverWorld implements Surroundings, Breakable {
  now = 0;
  readonly seed: number;
  readonly protocol: Protocol;
  readonly tally: Tally;
  readonly server: Server;
  readonly machines: readonly Machine[];
  /** Everything that any owner ever began with. */
  readonly owners: Owner[] = [];
  /** What the server has confirmed to a machine. */
  readonly confirmed = new Set<Fact>();
  /** When a fact was written, and when an owner took its copy of the log: in the order of events. */
  readonly writtenAt = new Map<Fact, number>();
  readonly readAt = new Map<number, number>();
  endsCalls = false;
  readonly #schedule: TakeoverSchedule;
  readonly #agenda = new Agenda();
  #isHealed = false;
  #order = 0;
  #gone = 0;

  constructor(schedule: TakeoverSchedule, protocol: Protocol, tally: Tally) {
    this.tally = tally;
    this.#schedule = schedule;
    this.seed = schedule.seed;
    this.protocol = protocol;
    this.server = new Server(this);
    this.machines = [new Machine(this, 0), new Machine(this, 1), new Machine(this, 2)];
  }

  get faults(): number {
    return this.#isHealed ? 0 : this.#schedule.faults;
  }

  run(): void {
    this.machine(0).begin();
    const first = this.machine(0).owner;
    if (first) this.began(first);
    let at = 500;
    for (const action of this.#schedule.actions) {
      const { delayMs, run } = plannedTrouble(action);
      at += delayMs;
      this.at(at, () => run(this));
    }
    this.at(at + 1_000, () => {
      this.endsCalls = true;
    });
    // Long enough for whatever was to come back to have come back.
    this.at(at + 10_000, () => this.#heal());
    let doneAt = Number.POSITIVE_INFINITY;
    while (this.now < doneAt + AFTERWARDS_MS) {
      if (this.now > at + PATIENCE_MS) throw new LogViolation("call-ends", this.#stuck());
      this.now = Math.max(this.now, this.#agenda.next());
      this.#agenda.take()();
      if (doneAt > this.now && this.#isQuiet()) doneAt = this.now;
    }
  }

  at(time: number, run: () => void): void {
    this.#agenda.plan(Math.max(time, this.now), run);
  }

  after(ms: number, run: () => void): void {
    this.#agenda.plan(this.now + ms, run);
  }

  machine(id: number): Machine {
    return this.machines[id] as Machine;
  }

  connect(machine: number, roll: Dice): Connection | null {
    if (!this.server.isUp) return null;
    const line = new Connection(this, machine, roll, {
      server: (from, message) => this.server.receive(from, message),
      machine: (message) => this.machine(machine).hears(message),
    });
    this.server.connected(line);
    return line;
  }

  cut(machine?: number): void {
    for (const { id } of this.machines) if (machine === undefined || machine === id) this.machine(id).cut();
  }

  /** Mostly one that runs the call. */
  likelyOwner(roll: Dice): Machine {
    const running = this.machines.filter(({ owner }) => owner?.status === "running");
    const among = roll() < 0.85 && running.length > 0 ? running : this.machines;
    return among[Math.floor(roll() * among.length)] as Machine;
  }

  /** A machine is gone for good; the last one always comes back. */
  lost(machine: Machine): void {
    if (++this.#gone < this.machines.length) return;
    this.after(2_000, () => machine.comeBack());
  }

  began(owner: Owner): void {
    this.owners.push(owner);
  }

  wrote(fact: Fact): void {
    this.writtenAt.set(fact, ++this.#order);
  }

  readCopy(epoch: number): void {
    if (!this.readAt.has(epoch)) this.readAt.set(epoch, ++this.#order);
  }

  acked(facts: readonly Fact[]): void {
    for (const fact of facts) this.confirmed.add(fact);
  }

  #heal(): void {
    this.#isHealed = true;
  }

  /** The call is over, all of it is with the server, and nobody does anything more. */
  #isQuiet(): boolean {
    if (!this.#isHealed || !this.server.isUp) return false;
    // Never stored, and the machine that had it is gone: nobody knows of the call any more.
    const unknown =
      this.server.store.lastSeq === 0 && this.machines.every(({ isUp, files }) => !isUp || files.length === 0);
    const up = this.machines.filter(({ isUp }) => isUp);
    return unknown || (this.server.store.isOver && up.every(({ isIdle }) => isIdle));
  }

  #stuck(): string {
    const { store } = this.server;
    const machines = this.machines.map(({ id, isUp, owner, files }) => {
      const held = files.map(({ epoch, facts }) => `e${epoch}:${facts[0]?.seq}-${facts.at(-1)?.seq}`).join(" ");
      return `machine ${id} ${isUp ? "up" : "down"}, owner ${owner ? `e${owner.epoch} ${owner.status} ${owner.state.closing.phase}` : "none"}, files ${held || "none"}`;
    });
    return `the server has ${store.lastSeq} facts, epoch ${store.epoch}; ${machines.join("; ")}`;
  }
}
