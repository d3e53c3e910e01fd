import type { ShippedFact } from "../messages.ts";

/** Where facts go and come from: the part of the store that the uplink uses. */
export interface FactSink {
  appendBatch(batch: {
    callId: string;
    epoch: number;
    facts: readonly ShippedFact[];
  }): Promise<
    | { status: "stored"; ackedSeq: number }
    | { status: "gap"; ackedSeq: number }
    | { status: "stale-epoch"; currentEpoch: number }
  >;
  /** A call's facts in the order of seq, one seq once; `nextAfterSeq` is null with the last ones. */
  read(
    callId: string,
    page: { afterSeq: number; limit: number },
  ): Promise<{ facts: ShippedFact[]; nextAfterSeq: number | null }>;
}
