import { StoreError } from "../error.ts";

/** A fact of a call's log. Beyond this envelope the store takes it as opaque JSON. */
export interface StoredFact {
  callId: string;
  epoch: number;
  /** 1, 2, 3, … within the call, across its epochs. */
  seq: number;
  /** Milliseconds since the call began. */
  at: number;
  type: string;
  [field: string]: unknown;
}

export interface Batch {
  callId: string;
  epoch: number;
  /** In the order of seq, without gaps. */
  facts: readonly StoredFact[];
}

/** A fact's JSON is at most this long; of a longer one only the envelope is kept, and `omitted` says so. */
export const MAX_FACT_BYTES = 256 * 1024;
const MAX_ID_LENGTH = 128;
const MAX_TYPE_LENGTH = 64;
/** Postgres `integer`. */
const MAX_INTEGER = 2_147_483_647;

/** Throws StoreError `fact-invalid` naming the field, unless the envelope is whole and belongs to this call and epoch. */
export function checkEnvelope(fact: StoredFact, callId: string, epoch: number): void {
  if (fact.callId !== callId) invalid(fact, `callId is not ${JSON.stringify(callId)}`);
  if (fact.epoch !== epoch) invalid(fact, `epoch is not ${epoch}`);
  if (!isCount(fact.seq) || fact.seq < 1) invalid(fact, "seq must be a whole number from 1");
  if (typeof fact.at !== "number" || !Number.isFinite(fact.at) || fact.at < 0) {
    invalid(fact, "at must be milliseconds, not negative");
  }
  if (
    typeof fact.type !== "string" ||
    fact.type === "" ||
    fact.type.length > MAX_TYPE_LENGTH ||
    /[^\w.-]/.test(fact.type)
  ) {
    invalid(fact, `type must be 1 to ${MAX_TYPE_LENGTH} letters, digits, "-", "_" or "."`);
  }
}

/** Throws StoreError `fact-invalid` when a call's id or epoch could not be stored. */
export function checkCall(callId: string, epoch: number): void {
  if (typeof callId !== "string" || callId === "" || callId.length > MAX_ID_LENGTH || /[^\w.:-]/.test(callId)) {
    throw new StoreError(
      `A callId must be 1 to ${MAX_ID_LENGTH} letters, digits, "-", "_", "." or ":" (it is ${JSON.stringify(String(callId).slice(0, 40))}).`,
      { code: "fact-invalid", category: "refused" },
    );
  }
  if (!isCount(epoch) || epoch < 1) {
    throw new StoreError(`Call ${callId}: epoch must be a whole number from 1.`, {
      code: "fact-invalid",
      category: "refused",
    });
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_INTEGER;
}

function invalid(fact: StoredFact, problem: string): never {
  throw new StoreError(`Fact ${String(fact.seq)} of call ${String(fact.callId)}: ${problem}.`, {
    code: "fact-invalid",
    category: "refused",
  });
}
