/** Facts of one message. */
export const MAX_FACTS = 2_000;
/** Of a call's id, and its form. */
export const MAX_CALL_ID = 128;
export const CALL_ID = /^[\w.:-]+$/;
/** Of every number that is counted up: what a Postgres `integer` holds. */
export const MAX_COUNT = 2_147_483_647;
/** Of a fact's type. */
export const MAX_TYPE = 64;

/** A fact on the line: its envelope, and whatever else it carries. */
export interface ShippedFact {
  callId: string;
  epoch: number;
  seq: number;
  at: number;
  type: string;
  [other: string]: unknown;
}

/** Facts of one call and epoch, in the order of seq. `batch` counts up within the connection and comes back with the ack. */
export interface FactsMessage {
  type: "facts";
  batch: number;
  callId: string;
  epoch: number;
  facts: ShippedFact[];
}

const FIELDS = 5;

/**
 * Parsed JSON that is a message of facts as every worker of ours writes it. Nearly all messages are, ten thousand a second
 * of a busy server, and by the schema reading one takes three times as long. Null: it may be anything; the schema is asked,
 * and says what is wrong with it.
 */
export function factsMessage(json: unknown): FactsMessage | null {
  if (!isObject(json) || json.type !== "facts" || Object.keys(json).length !== FIELDS) return null;
  const { batch, callId, epoch, facts } = json;
  if (!isCount(batch, 0) || !isCount(epoch, 1) || !isCallId(callId)) return null;
  if (!Array.isArray(facts) || facts.length === 0 || facts.length > MAX_FACTS) return null;
  for (const fact of facts) if (!isShipped(fact, callId, epoch)) return null;
  return json as unknown as FactsMessage;
}

function isShipped(fact: unknown, callId: string, epoch: number): boolean {
  if (!isObject(fact) || fact.callId !== callId || fact.epoch !== epoch || !isCount(fact.seq, 1)) return false;
  const { at, type } = fact;
  if (typeof at !== "number" || !Number.isFinite(at) || at < 0) return false;
  // The schema leaves a key of this name out.
  return typeof type === "string" && type !== "" && type.length <= MAX_TYPE && !Object.hasOwn(fact, "__proto__");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= MAX_COUNT;
}

function isCallId(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_CALL_ID && CALL_ID.test(value);
}
