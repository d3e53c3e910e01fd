import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";

/** Of the advisory locks that let one request of a tenant count at a time: "PLAC". */
const LOCK_SPACE = 0x504c4143;

export interface Wanted {
  tenantId: string;
  /** The calls that are about to be made. */
  callIds: readonly string[];
  /** Null: as many as there may be. */
  maxCalls: number | null;
  maxMinutes: number | null;
  /** For so long they count as calls, though they have not begun. */
  placeMs: number;
}

export type Granted =
  | { granted: true }
  | { granted: false; limit: "maxConcurrentCalls" | "maxMinutesPerMonth"; used: number };

export interface Places {
  /** Whether the tenant may make these calls; then they have their places. Of two that ask for the last one, one gets it. */
  take(wanted: Wanted): Promise<Granted>;
}

export function placesIn(db: NodePgDatabase): Places {
  return {
    take: ({ tenantId, callIds, maxCalls, maxMinutes, placeMs }) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${LOCK_SPACE}::integer, hashtext(${tenantId}))`);
        const { rows } = await tx.execute<{ calls: number; minutes: number }>(sql`
          select (
            select count(*) from (
              select call_id from calls where tenant_id = ${tenantId} and status = 'live'
              union
              select p.call_id from call_places p
              where p.tenant_id = ${tenantId} and p.until > now()
                and not exists (select from calls c where c.call_id = p.call_id)
            ) open
          )::integer as calls,
          coalesce((
            select sum(call_ms) from usage_days
            where tenant_id = ${tenantId} and day >= date_trunc('month', now() at time zone 'utc')::date
          ), 0)::double precision / 60000 as minutes`);
        const { calls, minutes } = rows[0]!;
        if (maxMinutes !== null && minutes >= maxMinutes) {
          return { granted: false, limit: "maxMinutesPerMonth", used: Math.floor(minutes) };
        }
        if (maxCalls === null) return { granted: true };
        if (calls + callIds.length > maxCalls) return { granted: false, limit: "maxConcurrentCalls", used: calls };
        await tx.execute(sql`delete from call_places where tenant_id = ${tenantId} and until <= now()`);
        await tx.execute(sql`
          insert into call_places (call_id, tenant_id, until)
          select call_id, ${tenantId}, now() + ${placeMs} * interval '1 ms'
          from unnest(${sql.param([...callIds])}::text[]) as g(call_id) on conflict (call_id) do nothing`);
        return { granted: true };
      }),
  };
}
