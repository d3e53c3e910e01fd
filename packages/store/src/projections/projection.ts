import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { StoredFact } from "../facts/fact.ts";

export type Transaction = Parameters<Parameters<NodePgDatabase["transaction"]>[0]>[0];

/** A call, with what its log has more than the projection knew. */
export interface CallNews {
  callId: string;
  tenantId: string | null;
  agent: string | null;
  room: string | null;
  from: string | null;
  to: string | null;
  language: string | null;
  startedAt: Date;
  endedAt: Date | null;
  endReason: string | null;
  /** When the last of its facts was stored. */
  updatedAt: Date;
  /** Of the wanted types, in the order of seq, each once. */
  facts: StoredFact[];
  /** They are those behind this one, up to and with that one, of this epoch of the call. */
  afterSeq: number;
  upToSeq: number;
  epoch: number;
  /** Its log is read from the beginning (for the first time, or because another owner has rewritten it): forget what is known of it. */
  fromStart: boolean;
  /** The call has ended, and these are the last of its facts. */
  isLast: boolean;
}

/** A view that follows the log. */
export interface Projection {
  /** Kept in the database: another name is another view, which begins with the oldest call. */
  name: string;
  /** The facts that it looks at. */
  types: readonly string[];
  /**
   * Brings the view up to these news, in the transaction that notes them as read: together they happen once. Never runs
   * twice at a time, in however many replicas. A call may come without facts: its row has changed.
   */
  apply(tx: Transaction, calls: readonly CallNews[]): Promise<void>;
}
