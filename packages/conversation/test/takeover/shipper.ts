import type { Fact } from "../../src/facts/index.ts";
import { between, type Dice } from "../world/dice.ts";
import type { OwnersFile } from "./copies.ts";
import type { Connection } from "./line.ts";
import type { Protocol } from "./protocol.ts";
import type { Answer } from "./store.ts";
import { LogViolation } from "./violation.ts";

/** Nothing confirmed for that long: the connection is made anew. */
const CONFIRM_MS = 2_500;
/** Batches on the line at once. */
const CREDIT = 4;

interface Shipment {
  file: OwnersFile;
  /** Up to where the server has it; null: nothing is known. */
  acked: number | null;
  sent: { batch: number; facts: readonly Fact[] }[];
  state: "open" | "complete" | "refused";
}

export interface ShipperEvents {
  acked(facts: readonly Fact[]): void;
  /** A newer owner has the call. */
  stale(epoch: number): void;
  /** The line is of no use. */
  reconnect(): void;
}

/** Sends the files of one machine, what packages/uplink/src/worker does: batches, acks, gaps, rewinds. */
export class Shipper {
  readonly #protocol: Protocol;
  readonly #events: ShipperEvents;
  readonly #roll: Dice;
  readonly #shipments = new Map<OwnersFile, Shipment>();
  #batches = 0;
  #waitsSince = 0;

  constructor(protocol: Protocol, roll: Dice, events: ShipperEvents) {
    this.#protocol = protocol;
    this.#roll = roll;
    this.#events = events;
  }

  ship(files: readonly OwnersFile[], line: Connection, now: number): void {
    const sorted = [...files].sort((a, b) =>
      this.#protocol.olderFilesGoFirst ? a.epoch - b.epoch : b.epoch - a.epoch,
    );
    for (const [index, file] of sorted.entries()) {
      const shipment = this.#of(file);
      if (shipment.state !== "open") continue;
      while (this.#maySend(shipment)) this.#sendNext(shipment, line, now);
      if (shipment.sent.length > 0) {
        if (now - this.#waitsSince > CONFIRM_MS) this.#events.reconnect();
        return;
      }
      // A newer owner has begun: this file grows no more.
      if (index < sorted.length - 1) shipment.state = "complete";
    }
  }

  answered(batch: number, answer: Answer, now: number): void {
    for (const shipment of this.#shipments.values()) {
      const index = shipment.sent.findIndex((sent) => sent.batch === batch);
      if (index < 0) continue;
      this.#waitsSince = now;
      if (answer.status === "stale-epoch") {
        shipment.state = "refused";
        shipment.sent = [];
        this.#events.stale(answer.currentEpoch);
        return;
      }
      const done = shipment.sent.splice(0, index + 1);
      const last = done.at(-1)?.facts.at(-1)?.seq ?? 0;
      if (answer.status === "gap" || answer.ackedSeq < last) {
        shipment.sent = [];
        shipment.acked = answer.ackedSeq;
        return;
      }
      this.#events.acked(done.flatMap(({ facts }) => facts));
      shipment.acked = last;
      return;
    }
  }

  /** What was not confirmed is sent again. */
  disconnected(): void {
    for (const shipment of this.#shipments.values()) shipment.sent = [];
  }

  /** A new process: it knows what was noted last, perhaps nothing. */
  restarted(): void {
    for (const shipment of this.#shipments.values()) {
      shipment.sent = [];
      if (shipment.state === "complete") continue;
      shipment.state = "open";
      if (this.#roll() < 0.5) shipment.acked = null;
    }
  }

  /** Nothing is left to send. */
  isDone(files: readonly OwnersFile[]): boolean {
    return files.every((file) => {
      const { state, sent, acked } = this.#of(file);
      return state !== "open" || (sent.length === 0 && (file.facts.at(-1)?.seq ?? 0) <= (acked ?? 0));
    });
  }

  #maySend({ file, acked, sent, state }: Shipment): boolean {
    if (state !== "open" || sent.length >= CREDIT) return false;
    if (this.#protocol.firstBatchGoesAlone && sent.length > 0 && (acked ?? 0) < (file.facts[0]?.seq ?? 0)) return false;
    return (file.facts.at(-1)?.seq ?? 0) > sentUpTo({ acked, sent });
  }

  #sendNext(shipment: Shipment, line: Connection, now: number): void {
    const { file } = shipment;
    const from = sentUpTo(shipment);
    const start = file.facts.findIndex(({ seq }) => seq > from);
    const facts = file.facts.slice(start, start + between(this.#roll, 1, 8));
    const first = facts[0]?.seq ?? 0;
    if (from > 0 && first !== from + 1)
      throw new LogViolation("ships-whole", `after seq ${from} comes seq ${first} of epoch ${file.epoch}`);
    if (shipment.sent.length === 0) this.#waitsSince = now;
    shipment.sent.push({ batch: ++this.#batches, facts });
    line.up({ type: "facts", batch: this.#batches, epoch: file.epoch, facts });
  }

  #of(file: OwnersFile): Shipment {
    const known = this.#shipments.get(file);
    if (known) return known;
    const shipment: Shipment = { file, acked: null, sent: [], state: "open" };
    this.#shipments.set(file, shipment);
    return shipment;
  }
}

function sentUpTo({ acked, sent }: Pick<Shipment, "acked" | "sent">): number {
  return sent.at(-1)?.facts.at(-1)?.seq ?? acked ?? 0;
}
