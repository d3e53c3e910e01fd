import { and, desc, eq, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { openText } from "../data-keys/sealed-text.ts";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { aboutEvent } from "./events.ts";
import { webhookDeliveries as deliveries, webhookEvents as events } from "./schema.ts";

/** An event on its way to one address. */
export interface DeliveryRow {
  deliveryId: string;
  eventId: string;
  type: string;
  callId: string | null;
  status: "pending" | "delivered" | "dead";
  attempts: number;
  nextAt: Date;
  responseStatus: number | null;
  error: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** A delivery that is to be tried now, with what it takes. */
export interface DueDelivery extends Record<string, unknown> {
  deliveryId: string;
  webhookId: string;
  eventId: string;
  /** This one included. */
  attempts: number;
  kind: "webhook" | "hook";
  url: string;
  secret: string;
  previousSecret: string | null;
  callId: string | null;
  body: string;
}

export interface Tried {
  delivered: boolean;
  responseStatus: number | null;
  error: string | null;
  /** Null: it is not tried again. */
  retryMs: number | null;
  /** Its address is told of nothing more, for this reason. */
  disable: string | null;
}

export interface Deliveries {
  /**
   * Takes what is due, `perWebhook` of one address at most, of none that is `busy`; each goes to one replica. Whoever
   * took it has `leaseMs` to say how it went, then it is due again.
   */
  take(wanted: { most: number; perWebhook: number; busy: readonly string[]; leaseMs: number }): Promise<DueDelivery[]>;
  /** How it went. Of an attempt that was given up meanwhile nothing is noted. Failing since: null, it does not. */
  tried(delivery: Pick<DueDelivery, "deliveryId" | "attempts">, how: Tried): Promise<void>;
  /** Since when the address has taken nothing; null: it took the last one, or nothing was tried. */
  failingSince(webhookId: string): Promise<Date | null>;
  list(
    webhookId: string,
    query?: PageQuery & { status?: DeliveryRow["status"] | undefined },
  ): Promise<Page<DeliveryRow>>;
  /** To be tried again from the beginning: this one, or (null) all that are dead. How many. */
  replay(webhookId: string, deliveryId: string | null): Promise<number>;
  /** Drops events that are older, with their deliveries; how many. */
  sweep(before: Date): Promise<number>;
}

export function deliveriesIn(db: NodePgDatabase, keys: KeyRing): Deliveries {
  return {
    async take({ most, perWebhook, busy, leaseMs }) {
      const { rows } = await db.execute<DueDelivery>(sql`
        with due as (
          -- In another order each time, so that nobody is always the last.
          select d.delivery_id from (
            select webhook_id from webhooks
            where disabled_at is null and webhook_id <> all(${sql.param([...busy])}::text[]) order by random()
          ) w
          cross join lateral (
            select delivery_id from webhook_deliveries
            where webhook_id = w.webhook_id and status = 'pending' and next_at <= now()
            order by next_at limit ${perWebhook} for update skip locked
          ) d
          limit ${most}
        ),
        taken as (
          update webhook_deliveries d
          set attempts = d.attempts + 1, next_at = now() + ${leaseMs} * interval '1 ms'
          from due where d.delivery_id = due.delivery_id
          returning d.delivery_id, d.webhook_id, d.event_id, d.attempts
        )
        select t.delivery_id as "deliveryId", t.webhook_id as "webhookId", t.event_id as "eventId", t.attempts,
          w.kind, w.url, w.secret, e.call_id as "callId", e.body,
          case when w.previous_until > now() then w.previous_secret end as "previousSecret"
        from taken t join webhooks w using (webhook_id) join webhook_events e using (event_id)`);
      const boxes = await keys.of(
        db,
        rows.flatMap(({ callId }) => (callId === null ? [] : [callId])),
      );
      return rows.map((row) => ({
        ...row,
        body: openText(boxes.get(row.callId ?? ""), row.body, aboutEvent(row.eventId)) ?? "{}",
      }));
    },
    async tried({ deliveryId, attempts }, { delivered, responseStatus, error, retryMs, disable }) {
      const status = delivered ? "delivered" : retryMs === null ? "dead" : "pending";
      await db.execute(sql`
        with noted as (
          update webhook_deliveries set status = ${status}, response_status = ${responseStatus}::integer,
            error = ${error}, next_at = now() + ${retryMs ?? 0}::double precision * interval '1 ms',
            finished_at = case when ${status} = 'pending' then null else now() end
          where delivery_id = ${deliveryId} and attempts = ${attempts} and status = 'pending'
          returning webhook_id
        )
        update webhooks w set
          failing_since = case when ${delivered} then null else coalesce(w.failing_since, now()) end,
          disabled_at = case when ${disable}::text is null then w.disabled_at else coalesce(w.disabled_at, now()) end,
          disabled_reason = coalesce(w.disabled_reason, ${disable}::text)
        from noted where w.webhook_id = noted.webhook_id
          -- One that works and goes on working is not written each time.
          and not (${delivered} and w.failing_since is null)`);
    },
    async failingSince(webhookId) {
      const { rows } = await db.execute<{ since: number | null }>(sql`
        select extract(epoch from failing_since)::double precision * 1000 as since
        from webhooks where webhook_id = ${webhookId}`);
      const since = rows[0]?.since ?? null;
      return since === null ? null : new Date(since);
    },
    async list(webhookId, { limit, cursor, status } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select({
          deliveryId: deliveries.deliveryId,
          eventId: deliveries.eventId,
          type: events.type,
          callId: events.callId,
          status: deliveries.status,
          attempts: deliveries.attempts,
          nextAt: deliveries.nextAt,
          responseStatus: deliveries.responseStatus,
          error: deliveries.error,
          createdAt: deliveries.createdAt,
          finishedAt: deliveries.finishedAt,
        })
        .from(deliveries)
        .innerJoin(events, eq(events.eventId, deliveries.eventId))
        .where(
          and(
            eq(deliveries.webhookId, webhookId),
            status === undefined ? undefined : eq(deliveries.status, status),
            behind(cursor, deliveries.createdAt, deliveries.deliveryId),
          ),
        )
        .orderBy(desc(deliveries.createdAt), desc(deliveries.deliveryId))
        .limit(size + 1);
      return pageOf(rows, size, ({ createdAt, deliveryId }) => ({ at: createdAt, id: deliveryId }));
    },
    async replay(webhookId, deliveryId) {
      const which = deliveryId === null ? eq(deliveries.status, "dead") : eq(deliveries.deliveryId, deliveryId);
      const again = await db
        .update(deliveries)
        .set({ status: "pending", attempts: 0, nextAt: new Date(), finishedAt: null })
        .where(and(eq(deliveries.webhookId, webhookId), which))
        .returning({ deliveryId: deliveries.deliveryId });
      return again.length;
    },
    async sweep(before) {
      const { rowCount } = await db.execute(
        sql`delete from webhook_events where created_at < ${before.toISOString()}::timestamptz`,
      );
      return rowCount ?? 0;
    },
  };
}
