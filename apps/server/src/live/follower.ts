import type { ShippedFact } from "@parley/uplink";

/** Where a subscriber's facts go. */
export interface Sink {
  /** An array of facts as JSON, and the seq of its last. Resolves when there is room for more; what was read from the store waits for that. */
  facts(json: string, lastSeq: number): Promise<void>;
  /** What is being understood, and is stored nowhere: left out where the reader is behind. */
  interim(json: string): void;
  /** Everything that is stored was sent: what follows comes as it happens. Once. */
  caughtUp(): void;
  /** Nothing follows. Once, and not after `close`. */
  over(why: "call-ended" | "server-stops" | "key-gone"): void;
}

/** Who watches a call, and how far it has been told. */
export interface Follower {
  readonly callId: string;
  readonly sink: Sink;
  /** Told up to here. */
  seq: number;
  /** Of the last fact that was told; 0: none was. */
  epoch: number;
  /** Facts come from the store, and those that are published wait there. */
  isReading: boolean;
  /** There is more to read. */
  more: boolean;
  isCaughtUp: boolean;
  /** Nothing follows what was told. */
  sawEnd: boolean;
  isClosed: boolean;
  /** A new owner has written from behind this seq on anew, while the store was being read. */
  rewindTo: number | null;
  stopWaiting(): void;
  /** Told up to this fact. */
  at(fact: Pick<ShippedFact, "seq" | "epoch">): void;
}

/**
 * Where in the published facts that begins which a follower has not been told. `gap`: something before it is missing, or
 * it is being read. A new owner may go on from a shorter copy of the log: then what it writes is told, also where a fact
 * of the same seq was told before.
 */
export function news(follower: Follower, facts: readonly ShippedFact[]): number | "gap" {
  const { seq, epoch } = facts[0]!;
  if (follower.epoch > 0 && epoch < follower.epoch) return facts.length;
  const isRewritten = follower.epoch > 0 && epoch > follower.epoch && seq <= follower.seq;
  if (follower.isReading) {
    if (isRewritten) follower.rewindTo = Math.min(seq - 1, follower.rewindTo ?? seq);
    return "gap";
  }
  if (isRewritten) follower.seq = seq - 1;
  if (seq > follower.seq + 1) return "gap";
  const from = facts.findIndex((fact) => fact.seq > follower.seq);
  return from === -1 ? facts.length : from;
}
