import { endedInFailure } from "@parley/conversation";
import { sql } from "drizzle-orm";
import type { KeyRing } from "../data-keys/data-keys.ts";
import type { StoredFact } from "../facts/fact.ts";
import type { CallNews, Projection } from "../projections/projection.ts";
import { emitEvents, type WebhookEvent, type WebhookEventType } from "./events.ts";

/** The outbox follows the log: whatever is stored is told, though the server dies in between. */
export const webhookProjection = (keys: KeyRing): Projection => ({
  name: "webhooks",
  types: ["call-started", "call-closed"],
  async apply(tx, calls) {
    const events = calls.flatMap(eventsOf);
    const callIds = events.map(({ callId }) => callId);
    // A call that is erased at this moment is not told of: its events would stay behind.
    const { rows } = await tx.execute<{ call_id: string }>(
      sql`select call_id from calls where call_id = any(${sql.param(callIds)}::text[]) for key share`,
    );
    const here = new Set(rows.map((row) => row.call_id));
    await emitEvents(
      tx,
      keys,
      events.filter(({ callId }) => callId !== null && here.has(callId)),
    );
  },
});

function eventsOf(call: CallNews): WebhookEvent[] {
  return call.facts.flatMap((fact) => {
    if (fact.type === "call-started") return [eventOf(call, fact, "call.started", {})];
    const endReason = typeof fact.reason === "string" ? fact.reason.slice(0, 256) : "";
    const end = { endedAt: timeOf(call, fact).toISOString(), durationMs: Math.round(fact.at), endReason };
    return [
      eventOf(call, fact, endedInFailure(endReason) ? "call.failed" : "call.ended", end),
      eventOf(call, fact, "transcript.ready", end),
    ];
  });
}

function eventOf(call: CallNews, fact: StoredFact, type: WebhookEventType, more: object): WebhookEvent {
  const { callId, tenantId, agent, startedAt } = call;
  const { epoch, seq } = fact;
  const { room, from, to, language } = call;
  return {
    // A call that went on after its end ends once more: that is another event.
    what: `${type} ${callId} ${epoch} ${seq}`,
    type,
    tenantId,
    callId,
    at: timeOf(call, fact),
    data: { agent, room, from, to, language, startedAt: startedAt.toISOString(), ...more },
  };
}

function timeOf({ startedAt, updatedAt }: CallNews, { at }: StoredFact): Date {
  const time = new Date(startedAt.getTime() + at);
  return Number.isNaN(time.getTime()) ? updatedAt : time;
}
