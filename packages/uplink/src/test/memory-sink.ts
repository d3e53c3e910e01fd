import type { ShippedFact } from "../messages.ts";
import type { FactSink } from "../server/sink.ts";

export interface MemorySink extends FactSink {
  /** Every fact that was stored, in the order in which it was: a double shows. */
  stored: ShippedFact[];
  /** As the database would be after a reset. */
  forget(): void;
  /** Every batch that came, doubles included. */
  batches: number;
  of(callId: string): number[];
  /** Throws what it is given before the next batch is stored, once. */
  failNext(error: Error): void;
  /** Holds batches back until released. */
  hold(): () => void;
}

/** Answers as packages/store does, from memory. */
export function memorySink(): MemorySink {
  const calls = new Map<string, { epoch: number; lastSeq: number }>();
  let failure: Error | null = null;
  let gate: Promise<void> = Promise.resolve();
  const sink: MemorySink = {
    stored: [],
    batches: 0,
    of: (callId) => sink.stored.filter((fact) => fact.callId === callId).map((fact) => fact.seq),
    forget() {
      calls.clear();
      sink.stored = [];
    },
    failNext(error) {
      failure = error;
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    async appendBatch({ callId, epoch, facts }) {
      await gate;
      sink.batches += 1;
      if (failure !== null) {
        const error = failure;
        failure = null;
        throw error;
      }
      const call = calls.get(callId) ?? { epoch, lastSeq: 0 };
      if (epoch < call.epoch) return { status: "stale-epoch", currentEpoch: call.epoch };
      const first = facts[0]?.seq ?? 1;
      if (epoch > call.epoch && first <= call.lastSeq) {
        // A new owner owns the log from its first fact on.
        sink.stored = sink.stored.filter((fact) => fact.callId !== callId || fact.seq < first);
        call.lastSeq = first - 1;
      }
      if (first > call.lastSeq + 1) return { status: "gap", ackedSeq: call.lastSeq };
      for (const fact of facts) {
        if (fact.seq <= call.lastSeq) continue;
        if (fact.seq !== call.lastSeq + 1) throw new Error(`a hole inside a batch at ${fact.seq}`);
        sink.stored.push(fact);
        call.lastSeq = fact.seq;
      }
      calls.set(callId, { epoch, lastSeq: call.lastSeq });
      return { status: "stored", ackedSeq: call.lastSeq };
    },
    async read(callId, { afterSeq, limit }) {
      const behind = sink.stored.filter((fact) => fact.callId === callId && fact.seq > afterSeq);
      const facts = behind.slice(0, limit);
      return { facts, nextAfterSeq: behind.length > limit ? (facts.at(-1)?.seq ?? null) : null };
    },
  };
  return sink;
}
