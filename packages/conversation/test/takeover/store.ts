import type { Fact } from "../../src/facts/index.ts";
import type { Protocol } from "./protocol.ts";
import type { Tally } from "./tally.ts";
import { LogViolation } from "./violation.ts";

export type Answer =
  | { status: "stored"; ackedSeq: number }
  | { status: "gap"; ackedSeq: number }
  | { status: "stale-epoch"; currentEpoch: number };

/** The server's log of one call: what packages/store/src/facts does, without the database. */
export class Store {
  /** Of the call's owner; 0: the call is not known. */
  epoch = 0;
  lastSeq = 0;
  readonly #protocol: Protocol;
  readonly #tally: Tally;
  /** By seq, then by epoch. */
  readonly #rows = new Map<number, Map<number, Fact>>();

  constructor(protocol: Protocol, tally: Tally) {
    this.#protocol = protocol;
    this.#tally = tally;
  }

  append(epoch: number, facts: readonly Fact[]): Answer {
    const rules = this.#protocol;
    const tally = this.#tally;
    tally.batches++;
    if (epoch < this.epoch && rules.refusesOlderEpochs) {
      tally.staleRefusals++;
      return { status: "stale-epoch", currentEpoch: this.epoch };
    }
    const first = facts[0]?.seq ?? 0;
    const takesOver = epoch > this.epoch && rules.cutsForeignTail;
    const lastSeq = takesOver ? Math.min(this.lastSeq, first - 1) : this.lastSeq;
    if (first > lastSeq + 1 && rules.answersGaps) {
      tally.gaps++;
      return { status: "gap", ackedSeq: lastSeq };
    }
    if (first <= lastSeq) tally.doubled++;
    if (lastSeq < this.lastSeq) tally.tailsCut++;
    const fresh = facts.filter((fact) => fact.seq > lastSeq);
    for (const fact of fresh) this.#insert(epoch, fact);
    this.epoch = Math.max(this.epoch, epoch);
    this.lastSeq = fresh.at(-1)?.seq ?? lastSeq;
    return { status: "stored", ackedSeq: this.lastSeq };
  }

  /** From now on the call belongs to a newer owner, who has not written yet. */
  fence(epoch: number): void {
    this.epoch = Math.max(this.epoch, epoch);
  }

  /** In the order of seq; of one seq the highest epoch's. */
  read(): Fact[] {
    const facts: Fact[] = [];
    for (let seq = 1; seq <= this.lastSeq; seq++) {
      let newest: Fact | undefined;
      for (const fact of this.#rows.get(seq)?.values() ?? []) if (!newest || fact.epoch > newest.epoch) newest = fact;
      if (newest) facts.push(newest);
    }
    return facts;
  }

  get isOver(): boolean {
    return this.read().at(-1)?.type === "call-closed";
  }

  #insert(epoch: number, fact: Fact): void {
    const rows = this.#rows.get(fact.seq) ?? new Map<number, Fact>();
    this.#rows.set(fact.seq, rows);
    const key = this.#protocol.knowsFactsByEpoch ? epoch : 0;
    const there = rows.get(key);
    if (!there) rows.set(key, fact);
    else if (there !== fact && there.epoch === fact.epoch)
      throw new LogViolation(
        "one-writer",
        `seq ${fact.seq} of epoch ${epoch} was written as ${there.type} and as ${fact.type}`,
      );
  }
}
