import type { Box } from "@parley/engine/sealing";
import { type SQL, sql } from "drizzle-orm";
import { cleanJsonText } from "./clean.ts";
import { MAX_FACT_BYTES, type StoredFact } from "./fact.ts";
import { isPersonal } from "./personal.ts";

/** A fact as columns: the envelope apart, the rest as JSON text: an object, or a string in base64 when it is sealed. */
export interface FactRow {
  seq: number;
  type: string;
  atMs: number;
  body: string;
}

/** `box`: of the call's key, which personal facts are sealed with; null: it has none. */
export function toRow(fact: StoredFact, box: Box | null): FactRow {
  const { callId, epoch, seq, at, type, ...rest } = fact;
  const body = cleanJsonText(rest);
  const bytes = Buffer.byteLength(body);
  if (bytes <= MAX_FACT_BYTES) {
    const sealed = box !== null && isPersonal(type) ? box.seal(body, placeOf(callId, fact)) : null;
    return { seq, type, atMs: at, body: sealed === null ? body : `"${sealed.toString("base64")}"` };
  }
  // A fact that cannot be kept must not hold up the facts behind it: its place in the log stays, its content is gone.
  const kept = typeof rest.version === "number" ? { version: rest.version } : {};
  return { seq, type, atMs: at, body: JSON.stringify({ ...kept, omitted: { bytes, limitBytes: MAX_FACT_BYTES } }) };
}

export function fromRow(
  callId: string,
  row: { seq: number; epoch: number; type: string; atMs: number; body: Record<string, unknown> | string },
  box: Box | undefined,
): StoredFact {
  const body = typeof row.body === "string" ? openBody(callId, { ...row, body: row.body }, box) : row.body;
  return { ...body, callId, epoch: row.epoch, seq: row.seq, at: row.atMs, type: row.type };
}

/** Of a fact whose key is gone only the envelope is left. */
function openBody(
  callId: string,
  row: { epoch: number; seq: number; type: string; body: string },
  box: Box | undefined,
): Record<string, unknown> {
  const opened = box?.open(Buffer.from(row.body, "base64"), placeOf(callId, row)) ?? null;
  return opened === null ? { version: 1, erased: true } : JSON.parse(opened.toString("utf8"));
}

/** A sealed body opens nowhere else. */
function placeOf(callId: string, { epoch, seq, type }: { epoch: number; seq: number; type: string }): string {
  return `${callId}/${epoch}/${seq}/${type}`;
}

/** The facts as a table `f (seq, type, at_ms, body)` in a from clause; `body` is text. */
export function factArrays(facts: readonly StoredFact[], box: Box | null): SQL {
  const rows = facts.map((fact) => toRow(fact, box));
  return sql`unnest(
      ${sql.param(rows.map((row) => row.seq))}::integer[],
      ${sql.param(rows.map((row) => row.type))}::text[],
      ${sql.param(rows.map((row) => row.atMs))}::double precision[],
      ${sql.param(rows.map((row) => row.body))}::text[]
    ) as f(seq, type, at_ms, body)`;
}
