import type { Line } from "../files/lines.ts";
import { MAX_FACT_BYTES } from "../messages.ts";

/** Lines of a call file that are sent together. */
export interface Batch {
  /** The facts' JSON, as it goes into the message. */
  facts: string[];
  /** Seq of the last one. */
  seq: number;
  /** The file's bytes up to there. */
  offset: number;
  /** The last fact of a call is among them. */
  closes: boolean;
}

export type BatchResult =
  | { kind: "batch"; batch: Batch; skippedLines: number }
  /** Only lines that the server has already, or that are unreadable: go on behind them. */
  | { kind: "passed"; offset: number; closes: boolean; skippedLines: number }
  /** The file is not a log without gaps any more. */
  | { kind: "damaged"; problem: string };

interface Envelope {
  callId: string;
  epoch: number;
  seq: number;
  at: number;
  version?: unknown;
  type: string;
}

/**
 * Makes a batch of what stands in the file behind `afterSeq` (null: from its first fact, whatever seq that has: a later
 * epoch's file begins where the one before ended). A line that cannot be read (a write that was cut, then
 * repeated) is passed over as long as the facts around it have no gap.
 */
export function makeBatch(
  lines: readonly Line[],
  {
    callId,
    epoch,
    afterSeq,
    offset,
    maxBytes,
  }: { callId: string; epoch: number; afterSeq: number | null; offset: number; maxBytes: number },
): BatchResult {
  const batch = { facts: [] as string[], seq: afterSeq, offset, closes: false };
  let skippedLines = 0;
  let bytes = 0;
  for (const line of lines) {
    const fact = parseFact(line.text);
    if (fact === null) {
      skippedLines += 1;
      batch.offset = line.endOffset;
      continue;
    }
    if (fact.callId !== callId || fact.epoch !== epoch) {
      return { kind: "damaged", problem: `it holds a fact of call ${fact.callId}, epoch ${fact.epoch}` };
    }
    // Up to afterSeq the server has it; 0 is an ephemeral fact, which is in no log.
    if (fact.seq > (batch.seq ?? 0)) {
      if (batch.seq !== null && fact.seq !== batch.seq + 1) {
        return { kind: "damaged", problem: `after fact ${batch.seq} comes fact ${fact.seq}` };
      }
      const json = Buffer.byteLength(line.text) > MAX_FACT_BYTES ? envelopeOnly(fact, line.text) : line.text;
      bytes += json.length + 1;
      if (bytes > maxBytes && batch.facts.length > 0) break;
      batch.facts.push(json);
      batch.seq = fact.seq;
    }
    batch.closes ||= fact.type === "call-closed";
    batch.offset = line.endOffset;
  }
  if (batch.facts.length > 0 && batch.seq !== null) {
    return { kind: "batch", batch: { ...batch, seq: batch.seq }, skippedLines };
  }
  return { kind: "passed", offset: batch.offset, closes: batch.closes, skippedLines };
}

function parseFact(text: string): Envelope | null {
  try {
    const fact = JSON.parse(text) as Partial<Envelope> | null;
    const whole =
      typeof fact?.callId === "string" &&
      Number.isInteger(fact.epoch) &&
      Number.isInteger(fact.seq) &&
      typeof fact.at === "number" &&
      typeof fact.type === "string";
    return whole ? (fact as Envelope) : null;
  } catch {
    return null;
  }
}

function envelopeOnly({ callId, epoch, seq, at, version, type }: Envelope, text: string): string {
  const omitted = { bytes: Buffer.byteLength(text), limitBytes: MAX_FACT_BYTES };
  return JSON.stringify({ callId, epoch, seq, at, version, type, omitted });
}
