import { cleanText } from "../facts/clean.ts";
import type { StoredFact } from "../facts/fact.ts";

const MAX_TEXT_LENGTH = 256;
/** Before this no call of ours can have begun: a wall clock that says so is not set. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
const FUTURE_MS = 24 * 3600 * 1000;

/** Columns of a call that its facts fill. */
export interface CallChanges {
  agent?: string | null;
  room?: string | null;
  tenantId?: string | null;
  from?: string | null;
  to?: string | null;
  language?: string | null;
  status?: "live" | "ended";
  endedAt?: Date | null;
  endReason?: string | null;
}

/** When the call began: by its first fact's wall clock when that is plausible, else now. */
export function callOpening(fact: StoredFact | undefined, now = Date.now()): { startedAt: Date } {
  const wallMs = fact?.type === "call-started" ? fact.wallMs : undefined;
  const plausible = typeof wallMs === "number" && wallMs >= EARLIEST_MS && wallMs <= now + FUTURE_MS;
  return { startedAt: new Date(plausible ? wallMs : now) };
}

/** Whether it is one of those that `callChanges` looks at. */
export function changesCall({ type }: StoredFact): boolean {
  return type === "call-started" || type === "call-recovered" || type === "call-closed";
}

/** What these facts change in the call's own row. */
export function callChanges(facts: readonly StoredFact[], startedAt: Date): CallChanges {
  const changes: CallChanges = {};
  for (const fact of facts) {
    if (fact.type === "call-started") {
      changes.agent = text(fact.agent);
      changes.room = text(fact.room);
      changes.tenantId = text(fact.tenantId);
      changes.from = text(fact.from);
      changes.to = text(fact.to);
      changes.language = text(fact.language);
    } else if (fact.type === "call-recovered") {
      changes.status = "live";
      changes.endedAt = null;
      changes.endReason = null;
    } else if (fact.type === "call-closed") {
      changes.status = "ended";
      changes.endedAt = endOf(startedAt, fact.at);
      changes.endReason = text(fact.reason);
    }
  }
  return changes;
}

function endOf(startedAt: Date, atMs: number): Date {
  const end = new Date(startedAt.getTime() + atMs);
  return Number.isNaN(end.getTime()) ? startedAt : end;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? cleanText(value, MAX_TEXT_LENGTH) : null;
}
