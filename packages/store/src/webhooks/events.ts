import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { sealText } from "../data-keys/sealed-text.ts";

/** What others can be told of. */
export const webhookEventTypes = [
  "call.started",
  "call.ended",
  "call.failed",
  "transcript.ready",
  "recording.ready",
  "usage.exceeded",
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

export interface WebhookEvent {
  /** What happened, in words that are the same whenever it is told: the event's id is made from them. */
  what: string;
  /** `hook.end`: for the tenant's own hook alone. */
  type: WebhookEventType | "hook.end";
  tenantId: string | null;
  callId: string | null;
  at: Date;
  data: Record<string, unknown>;
  /** All of what is sent. Default: `{type, timestamp, data}`. */
  body?: string;
}

/** Puts events into the outbox, each once however often it is told; those that nobody wants to hear of are not kept. */
export async function emitEvents(
  db: Pick<NodePgDatabase, "execute">,
  keys: KeyRing,
  events: readonly WebhookEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const boxes = await keys.of(
    db,
    events.flatMap(({ callId }) => (callId === null ? [] : [callId])),
  );
  const rows = events.map(({ what, type, tenantId, callId, at, data, body: whole }) => {
    const id = `evt_${createHash("sha256").update(what).digest("base64url").slice(0, 24)}`;
    const body = whole ?? JSON.stringify({ type, timestamp: at.toISOString(), data: { callId, tenantId, ...data } });
    return { id, type, tenantId, callId, body: sealText(boxes.get(callId ?? ""), body, aboutEvent(id)) };
  });
  const column = <T>(pick: (row: (typeof rows)[number]) => T) => sql.param(rows.map(pick));
  await db.execute(sql`
    with given as (
      select * from unnest(
        ${column(({ id }) => id)}::text[], ${column(({ tenantId }) => tenantId)}::text[],
        ${column(({ type }) => type)}::text[], ${column(({ callId }) => callId)}::text[],
        ${column(({ body }) => body)}::text[]
      ) as g(event_id, tenant_id, type, call_id, body)
    ),
    wanted as (
      select g.event_id, w.webhook_id from given g
      join webhooks w on g.type = any(w.events) and case w.kind
        when 'hook' then w.tenant_id is not distinct from g.tenant_id
        else w.tenant_id is null or w.tenant_id = g.tenant_id end
    ),
    fresh as (
      insert into webhook_events (event_id, tenant_id, type, call_id, body)
      select distinct on (event_id) event_id, tenant_id, type, call_id, body
      from given where event_id in (select event_id from wanted)
      on conflict do nothing returning event_id
    )
    insert into webhook_deliveries (delivery_id, webhook_id, event_id)
    select 'dlv_' || replace(gen_random_uuid()::text, '-', ''), webhook_id, event_id
    from wanted join fresh using (event_id)
    on conflict do nothing`);
}

/** What an event's body is sealed as, with the key of its call. */
export const aboutEvent = (eventId: string): string => `webhook_events/${eventId}`;
