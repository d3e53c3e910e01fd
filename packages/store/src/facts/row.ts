import { type SQL, sql } from "drizzle-orm";
import { cleanJsonText } from "./clean.ts";
import { MAX_FACT_BYTES, type StoredFact } from "./fact.ts";

/** A fact as columns: the envelope apart, the rest as JSON text. */
export interface FactRow {
  seq: number;
  type: string;
  atMs: number;
  body: string;
}

export function toRow(fact: StoredFact): FactRow {
  const { callId: _callId, epoch: _epoch, seq, at, type, ...rest } = fact;
  const body = cleanJsonText(rest);
  const bytes = Buffer.byteLength(body);
  if (bytes <= MAX_FACT_BYTES) return { seq, type, atMs: at, body };
  // A fact that cannot be kept must not hold up the facts behind it: its place in the log stays, its content is gone.
  const kept = typeof rest.version === "number" ? { version: rest.version } : {};
  return { seq, type, atMs: at, body: JSON.stringify({ ...kept, omitted: { bytes, limitBytes: MAX_FACT_BYTES } }) };
}

export function fromRow(
  callId: string,
  row: { seq: number; epoch: number; type: string; atMs: number; body: Record<string, unknown> },
): StoredFact {
  return { ...row.body, callId, epoch: row.epoch, seq: row.seq, at: row.atMs, type: row.type };
}

/** The facts as a table `f (seq, type, at_ms, body)` in a from clause; `body` is text. */
export function factArrays(facts: readonly StoredFact[]): SQL {
  const rows = facts.map(toRow);
  return sql`unnest(
      ${sql.param(rows.map((row) => row.seq))}::integer[],
      ${sql.param(rows.map((row) => row.type))}::text[],
      ${sql.param(rows.map((row) => row.atMs))}::double precision[],
      ${sql.param(rows.map((row) => row.body))}::text[]
    ) as f(seq, type, at_ms, body)`;
}
