import { between, type Dice, dice } from "../world/dice.ts";
import type { Connection, ToServer } from "./line.ts";
import { Store } from "./store.ts";
import type { Surroundings } from "./surroundings.ts";

const LOOK_MS = 250;
/** A line that is gone for that long is a lost machine. */
const LOST_MS = 700;
/** A machine that is connected and does not speak of the call for that long does not run it. */
const LEASE_MS = 1_500;
/** An order that nobody answers. */
const ORDER_MS = 3_000;
/** Epochs of one machine, counted on while it is cut off, stay below the next leap. */
const LEAP = 1_000;

/** The server: stores what comes, knows from heartbeats who runs the call, and gives it to another machine. */
export class Server {
  readonly store: Store;
  isUp = true;
  readonly #world: Surroundings;
  readonly #roll: Dice;
  readonly #lines = new Map<number, Connection>();
  #storeFailsUntil = 0;
  /** Who ran the call last, as far as is known, and when that was. */
  #owner: { machine: number; epoch: number; at: number } | null = null;
  #knownEpoch = 0;
  #quietUntil = LEASE_MS;

  constructor(world: Surroundings) {
    this.#world = world;
    this.#roll = dice(world.seed, 60);
    this.store = new Store(world.protocol, world.tally);
    this.#look();
  }

  connected(line: Connection): void {
    this.#lines.set(line.machine, line);
  }

  /** What it had in memory is gone, the store is not. */
  restart(downMs: number): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#world.cut();
    this.#lines.clear();
    this.#owner = null;
    this.#knownEpoch = 0;
    this.#world.after(downMs, () => {
      this.isUp = true;
      this.#quietUntil = this.#world.now + LEASE_MS;
    });
  }

  failStore(ms: number): void {
    this.#storeFailsUntil = this.#world.now + ms;
  }

  receive(line: Connection, message: ToServer): void {
    if (!this.isUp) return;
    switch (message.type) {
      case "facts":
        this.#append(line, message);
        break;
      case "lease":
        this.#leased(line, message.epoch);
        break;
      case "claim":
        this.#claimed(line, message);
        break;
      default:
        message satisfies never;
    }
  }

  get #storeFails(): boolean {
    return this.#world.now < this.#storeFailsUntil;
  }

  #append(line: Connection, { batch, epoch, facts }: Extract<ToServer, { type: "facts" }>): void {
    if (!this.#world.protocol.ackFollowsStore) {
      this.#world.after(between(this.#roll, 0, 600), () => {
        if (this.isUp && !this.#storeFails) this.store.append(epoch, facts);
      });
      const ackedSeq = facts.at(-1)?.seq ?? 0;
      line.down({ type: "answer", batch, answer: { status: "stored", ackedSeq } });
      return;
    }
    if (this.#storeFails) {
      // What it was sent before may still be dealt with, after this.
      this.#world.cut(line.machine);
      return;
    }
    line.down({ type: "answer", batch, answer: this.store.append(epoch, facts) });
  }

  #leased(line: Connection, epoch: number | null): void {
    if (epoch === null) return;
    const newest = Math.max(this.#knownEpoch, this.store.epoch);
    if (epoch < newest) line.down({ type: "stale", epoch: newest });
    else this.#ownedBy(line.machine, epoch);
  }

  #claimed(line: Connection, { requestId, epoch }: Extract<ToServer, { type: "claim" }>): void {
    if (this.#storeFails) return;
    const granted = epoch >= Math.max(this.#knownEpoch, this.store.epoch);
    if (granted) this.#ownedBy(line.machine, epoch);
    line.down({ type: "claimed", requestId, granted, facts: granted ? this.store.read() : [] });
  }

  #ownedBy(machine: number, epoch: number): void {
    this.#owner = { machine, epoch, at: this.#world.now };
    this.#knownEpoch = Math.max(this.#knownEpoch, epoch);
  }

  #look(): void {
    this.#world.after(LOOK_MS, () => this.#look());
    const { now } = this.#world;
    for (const [machine, line] of this.#lines) if (now >= line.noticedAt + LOST_MS) this.#lines.delete(machine);
    if (!this.isUp || this.#storeFails) {
      // A full lease passes after an outage.
      this.#quietUntil = now + LEASE_MS;
      return;
    }
    if (now < this.#quietUntil || this.store.lastSeq === 0 || this.store.isOver) return;
    if (this.#owner && this.#lines.has(this.#owner.machine) && now - this.#owner.at < LEASE_MS) return;
    this.#order();
  }

  #order(): void {
    const { protocol } = this.#world;
    const lines = [...this.#lines.values()].filter((line) => line.isOpen);
    const line = lines.find(({ machine }) => machine !== this.#owner?.machine) ?? lines[0];
    if (!line) return;
    const newest = Math.max(this.#knownEpoch, this.store.epoch);
    const epoch = protocol.leapsEpochs ? (Math.floor(newest / LEAP) + 1) * LEAP : newest + 1;
    if (protocol.fencesAtTakeover) this.store.fence(epoch);
    this.#knownEpoch = epoch;
    this.#owner = { machine: line.machine, epoch, at: this.#world.now + ORDER_MS - LEASE_MS };
    this.#world.readCopy(epoch);
    line.down({ type: "take-over", epoch, facts: this.store.read() });
  }
}
